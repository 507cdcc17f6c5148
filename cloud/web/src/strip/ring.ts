/** The last samples of a stream, addressed by the patch's own counter. */

import type { GapReason, Strip } from "../wire";

/** Samples that do not exist: counters [start, end). */
export interface Gap {
  start: number;
  end: number;
  reason: GapReason;
}

/**
 * A window of at most `capacity` counters, [start, end).
 *
 * Samples in a gap are not stored and never read as zeros: ask `gapAt` first. Strips come in
 * counter order; one that was already seen is ignored.
 */
export class SampleRing {
  private readonly adc: Int16Array;
  private readonly mask: number;
  start = 0;
  end = 0;
  gaps: Gap[] = [];

  /** `capacity` is a power of two. */
  constructor(readonly capacity: number) {
    if (capacity < 1 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`capacity ${capacity} is not a power of two`);
    }
    this.adc = new Int16Array(capacity);
    this.mask = capacity - 1;
  }

  get isEmpty(): boolean {
    return this.end === this.start;
  }

  /** Take what is new of a strip; gives the number of samples taken. */
  push(strip: Pick<Strip, "firstCounter" | "gapBefore" | "gapReason" | "adc">): number {
    if (this.isEmpty) this.begin(strip.firstCounter - strip.gapBefore);
    const skip = Math.max(0, this.end - strip.firstCounter);
    if (strip.firstCounter > this.end) this.noteGap(strip);
    for (let i = skip; i < strip.adc.length; i++) {
      this.adc[(strip.firstCounter + i) & this.mask] = strip.adc[i] as number;
    }
    const end = strip.firstCounter + strip.adc.length;
    if (end <= this.end) return 0;
    this.advance(end);
    return strip.adc.length - skip;
  }

  /** Count at a counter within [start, end) that lies in no gap. */
  at(counter: number): number {
    return this.adc[counter & this.mask] as number;
  }

  gapAt(counter: number): Gap | undefined {
    return this.gaps.find((gap) => gap.start <= counter && counter < gap.end);
  }

  clear(): void {
    this.begin(0);
  }

  private begin(counter: number): void {
    this.start = counter;
    this.end = counter;
    this.gaps = [];
  }

  private noteGap(strip: Pick<Strip, "firstCounter" | "gapBefore" | "gapReason">): void {
    const missing = strip.firstCounter - this.end;
    // What the patch's own account does not cover was lost on the way to this page.
    const reason = strip.gapBefore >= missing ? strip.gapReason : "not_shown";
    const gap = { start: this.end, end: strip.firstCounter, reason };
    const last = this.gaps.at(-1);
    if (last && last.end === gap.start && last.reason === reason) last.end = gap.end;
    else this.gaps.push(gap);
    this.advance(strip.firstCounter);
  }

  private advance(end: number): void {
    this.end = end;
    this.start = Math.max(this.start, end - this.capacity);
    while ((this.gaps[0]?.end ?? Number.POSITIVE_INFINITY) <= this.start) this.gaps.shift();
  }
}
