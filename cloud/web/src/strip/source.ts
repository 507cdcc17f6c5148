/** One patient's live signal: the last samples, their scale and the pen's pace. */

import type { Strip } from "../wire";
import { Pacing } from "./pacing";
import { SampleRing } from "./ring";

const CAPACITY = 1 << 14;

export class StripSource {
  readonly ring = new SampleRing(CAPACITY);
  private readonly pacing = new Pacing();
  stream = 0;
  bootId: number | null = null;
  fsHz = 1;
  lsbMv = 1;
  /** Rises whenever the counters start anew. */
  epoch = 0;
  private anchor = { counter: 0, utcMs: 0 };

  /** Take a strip that arrived at `atMs` on the stream's clock. */
  push(strip: Strip, atMs: number): void {
    if (this.isAnew(strip)) this.begin(strip);
    const taken = this.ring.push(strip);
    if (taken === 0) return;
    this.anchor = { counter: strip.firstCounter, utcMs: strip.utcMs };
    this.pacing.arrived((strip.firstCounter / this.fsHz) * 1e3, atMs);
  }

  /** Give the counter to draw up to at `atMs`; null with nothing to draw. */
  head(atMs: number): number | null {
    const perMs = this.fsHz / 1e3;
    const shownMs = this.pacing.playhead(atMs, this.ring.end / perMs);
    // A hair's breadth more, or rounding would leave out the newest sample.
    return shownMs === null ? null : Math.floor(shownMs * perMs + 1e-6);
  }

  utcMsAt(counter: number): number {
    return this.anchor.utcMs + ((counter - this.anchor.counter) / this.fsHz) * 1e3;
  }

  /** Give the samples of [start, end) that exist, mV. */
  existing(start: number, end: number): Float64Array {
    const mv: number[] = [];
    for (let counter = Math.max(start, this.ring.start); counter < end; counter++) {
      if (!this.ring.gapAt(counter)) mv.push(this.ring.at(counter) * this.lsbMv);
    }
    return Float64Array.from(mv);
  }

  private isAnew(strip: Strip): boolean {
    return strip.bootId !== this.bootId || strip.fsHz !== this.fsHz || strip.lsbMv !== this.lsbMv;
  }

  private begin(strip: Strip): void {
    this.bootId = strip.bootId;
    this.fsHz = strip.fsHz;
    this.lsbMv = strip.lsbMv;
    this.epoch += 1;
    this.ring.clear();
    this.pacing.reset();
  }
}
