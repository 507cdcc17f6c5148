/** Many strips on one canvas, each written over from the left; only what is new is drawn. */

import {
  CSS_PX_PER_MM,
  extentOf,
  gainMmPerMv,
  PULSE_MV,
  PULSE_S,
  speedMmPerS,
  sweepPoint,
} from "./geometry";
import type { Gap } from "./ring";
import type { StripSource } from "./source";

/** A strip's place on the canvas, CSS pixels. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Colours and words that the strips are drawn with. */
export interface Look {
  surface: string;
  trace: string;
  grid: string;
  hatch: string;
  text: string;
  font: string;
  gapWords: (lengthMs: number, reason: string) => string;
}

export interface Scale {
  mmPerS: number;
  mmPerMv: number;
}

const BAND_MM = 4;
const PULSE_MARGIN_MM = 2;
const PULSE_FOOT_MM = 1;
const TRACE_MM = 0.4;
const GRID_MM = 0.2;
const REFIT_S = 1;
const OFF_MIDDLE = 0.12;
const MIN_LABEL_PX = 40;

/** One strip. Inside all lengths are device pixels, so that erasing leaves no seams. */
export class SweepStrip {
  scale: Scale = { mmPerS: 25, mmPerMv: 10 };
  drawnSamples = 0;
  drawn = 0;
  /** What lies before it was not drawn since the strip was last emptied. */
  private since = 0;
  private middleMv = 0;
  private epoch = -1;
  private isStale = true;
  private erasedPx = 0;
  private fittedAt = 0;
  private clipped = 0;
  private left = 0;
  private width = 0;
  private pulsePx = 0;
  /** Half a pen's width spills over the ends of a sweep. */
  private slackPx = 0;

  constructor(
    private readonly context: CanvasRenderingContext2D,
    readonly source: StripSource,
    private readonly pxPerMm: number,
    private readonly box: Place,
    private readonly look: Look,
    private readonly hatch: CanvasPattern,
    private readonly hasGrid: boolean,
  ) {
    this.scale.mmPerS = speedMmPerS(box.width / pxPerMm);
    this.pulsePx = Math.round(PULSE_S * this.scale.mmPerS * pxPerMm);
    const margin = this.pulsePx + Math.round(2 * PULSE_MARGIN_MM * pxPerMm);
    this.left = box.x + margin;
    this.slackPx = Math.ceil(TRACE_MM * pxPerMm);
    this.width = Math.max(1, box.width - margin - this.slackPx);
  }

  /** Add what is due at `atMs` to the context's open path; erases at once. */
  draw(atMs: number): void {
    const head = this.source.head(atMs);
    if (head === null) {
      this.blank();
      return;
    }
    const isBehind = (head - this.drawn) * this.perSample > this.width - this.bandPx;
    if (this.isStale || isBehind || this.epoch !== this.source.epoch) this.begin(head);
    if (head <= this.drawn) return;
    this.refit(head);
    this.erase(Math.ceil(head * this.perSample) + this.bandPx);
    this.trace(this.drawn, head);
    this.drawnSamples += head - this.drawn;
    this.drawn = head;
  }

  private get perSample(): number {
    return (this.scale.mmPerS * this.pxPerMm) / this.source.fsHz;
  }

  private get bandPx(): number {
    return Math.round(BAND_MM * this.pxPerMm);
  }

  private blank(): void {
    if (!this.isStale) return;
    this.isStale = false;
    this.epoch = this.source.epoch;
    const { x, y, width, height } = this.box;
    this.context.fillStyle = this.look.surface;
    this.context.fillRect(x, y, width, height);
    this.gridLines(0, this.width);
  }

  /** Empty the strip and go back as far as one sweep shows. */
  private begin(head: number): void {
    this.isStale = true;
    this.blank();
    const span = Math.floor((this.width - this.bandPx) / this.perSample);
    this.drawn = Math.max(this.source.ring.start, head - span);
    this.since = this.drawn;
    this.erasedPx = Math.floor(this.drawn * this.perSample);
    this.fit(head);
    this.drawPulse();
  }

  private fit(head: number): void {
    const span = Math.ceil(this.width / this.perSample);
    const extent = extentOf(this.source.existing(head - span, head));
    const heightMm = this.box.height / this.pxPerMm;
    const current = this.fittedAt > 0 ? this.scale.mmPerMv : undefined;
    this.scale.mmPerMv = gainMmPerMv(heightMm, Math.max(extent.rangeMv, 0.1), current);
    this.middleMv = extent.middleMv;
    this.fittedAt = head;
    this.clipped = 0;
  }

  /** Once a sweep, or when the trace leaves the strip, see whether the scale still fits. */
  private refit(head: number): void {
    const sweepSamples = this.width / this.perSample;
    const isTurn = head - this.fittedAt > sweepSamples;
    const isLost = this.clipped > this.source.fsHz / 4;
    if (!isTurn && !(isLost && head - this.fittedAt > REFIT_S * this.source.fsHz)) return;
    const { mmPerMv } = this.scale;
    const middle = this.middleMv;
    this.fit(head);
    const shiftPx = Math.abs(this.middleMv - middle) * this.scale.mmPerMv * this.pxPerMm;
    if (mmPerMv !== this.scale.mmPerMv || shiftPx > OFF_MIDDLE * this.box.height) this.begin(head);
    else this.middleMv = middle;
  }

  private erase(toPx: number): void {
    while (this.erasedPx < toPx) {
      const x = this.erasedPx % this.width;
      const length = Math.min(toPx - this.erasedPx, this.width - x);
      const before = x === 0 ? this.slackPx : 0;
      const after = x + length === this.width ? this.slackPx : 0;
      const left = this.left + x - before;
      this.context.fillStyle = this.look.surface;
      this.context.fillRect(left, this.box.y, before + length + after, this.box.height);
      this.gridLines(x, x + length);
      this.erasedPx += length;
    }
  }

  private gridLines(from: number, to: number): void {
    if (!this.hasGrid) return;
    const step = 5 * this.pxPerMm;
    const line = Math.max(1, Math.round(this.pxPerMm * GRID_MM));
    this.context.fillStyle = this.look.grid;
    for (let y = (this.box.height / 2) % step; y < this.box.height; y += step) {
      this.context.fillRect(this.left + from, this.box.y + Math.round(y), to - from, line);
    }
    for (let n = Math.floor(from / step); n * step < to; n++) {
      const x = Math.round(n * step);
      if (x < from || x >= to) continue;
      this.context.fillRect(this.left + x, this.box.y, line, this.box.height);
    }
  }

  private trace(from: number, to: number): void {
    let counter = from;
    while (counter < to) {
      const gap = this.source.ring.gapAt(counter);
      const next = gap ? Math.min(gap.end, to) : this.runEnd(counter, to);
      if (gap) this.drawGap(gap, counter, next);
      else this.drawRun(counter, next);
      counter = next;
    }
  }

  private runEnd(counter: number, to: number): number {
    const next = this.source.ring.gaps.find((gap) => gap.start > counter);
    return next ? Math.min(next.start, to) : to;
  }

  private drawRun(from: number, to: number): void {
    const { ring } = this.source;
    let sweep = Number.NaN;
    const before = from - 1;
    if (before >= ring.start && before >= 0 && !ring.gapAt(before))
      sweep = this.point(before, sweep);
    for (let counter = from; counter < to; counter++) sweep = this.point(counter, sweep);
  }

  /** Go on to a sample; gives its sweep. A new sweep starts a new line. */
  private point(counter: number, lastSweep: number): number {
    const { sweep, x } = sweepPoint(counter, this.perSample, this.width);
    const mv = this.source.ring.at(counter) * this.source.lsbMv;
    const y = (this.middleMv - mv) * this.scale.mmPerMv * this.pxPerMm + this.box.height / 2;
    const inside = Math.max(1, Math.min(this.box.height - 1, y));
    if (inside !== y) this.clipped += 1;
    if (sweep === lastSweep) this.context.lineTo(this.left + x, this.box.y + inside);
    else this.context.moveTo(this.left + x, this.box.y + inside);
    return sweep;
  }

  private drawGap(gap: Gap, from: number, to: number): void {
    let at = Math.floor(from * this.perSample);
    const end = Math.floor(to * this.perSample);
    while (at < end) {
      const x = at % this.width;
      const length = Math.min(end - at, this.width - x);
      this.context.fillStyle = this.hatch;
      this.context.fillRect(this.left + x, this.box.y, length, this.box.height);
      at += length;
      if (at < end || to === gap.end) this.nameGap(gap, at);
    }
  }

  /** Write the reason into the middle of the part of a gap that ends at `endPx` of its sweep. */
  private nameGap(gap: Gap, endPx: number): void {
    const sweepStart = Math.floor((endPx - 1) / this.width) * this.width;
    const shownFrom = Math.max(gap.start, this.since);
    const startPx = Math.max(sweepStart, Math.floor(shownFrom * this.perSample));
    if (endPx - startPx < MIN_LABEL_PX) return;
    const lengthMs = ((gap.end - gap.start) / this.source.fsHz) * 1e3;
    const words = this.look.gapWords(lengthMs, gap.reason);
    this.context.font = this.look.font;
    const width = this.context.measureText(words).width + 12;
    if (width > endPx - startPx) return;
    const middle = this.left + (startPx + endPx) / 2 - sweepStart;
    const y = this.box.y + this.box.height / 2;
    this.context.fillStyle = this.look.surface;
    this.context.fillRect(middle - width / 2, y - 11, width, 22);
    this.context.fillStyle = this.look.text;
    this.context.textAlign = "center";
    this.context.textBaseline = "middle";
    this.context.fillText(words, middle, y);
  }

  /** The calibration pulse in the margin: 1 mV high, 0.2 s wide, on a short foot each side. */
  private drawPulse(): void {
    const high = Math.round(PULSE_MV * this.scale.mmPerMv * this.pxPerMm);
    const height = Math.min(high, this.box.height - 2);
    const line = Math.max(1, Math.round(0.25 * this.pxPerMm));
    const foot = Math.round(PULSE_FOOT_MM * this.pxPerMm);
    const x = this.box.x + Math.round(PULSE_MARGIN_MM * this.pxPerMm);
    const y = this.box.y + Math.round((this.box.height - height) / 2);
    this.context.fillStyle = this.look.text;
    this.context.fillRect(x - foot, y + height - line, foot, line);
    this.context.fillRect(x, y, line, height);
    this.context.fillRect(x, y, this.pulsePx, line);
    this.context.fillRect(x + this.pulsePx - line, y, line, height);
    this.context.fillRect(x + this.pulsePx, y + height - line, foot, line);
  }
}

/** The canvas that all strips of a page share. */
export class SweepCanvas {
  strips: SweepStrip[] = [];
  private readonly context: CanvasRenderingContext2D;
  private dpr = 1;
  private look: Look | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser gives no 2D canvas");
    this.context = context;
  }

  /** Lay the strips out anew; everything is drawn afresh. */
  layout(
    size: { width: number; height: number },
    placed: readonly { source: StripSource; place: Place }[],
    look: Look,
    hasGrid: boolean,
  ): void {
    this.dpr = devicePixelRatio || 1;
    this.look = { ...look, font: `${Math.round(12 * this.dpr)}px ${look.font}` };
    this.canvas.width = Math.round(size.width * this.dpr);
    this.canvas.height = Math.round(size.height * this.dpr);
    this.context.fillStyle = look.surface;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const hatch = hatchPattern(this.context, look, this.dpr);
    const pxPerMm = CSS_PX_PER_MM * this.dpr;
    this.strips = placed.map(({ source, place }) => {
      const box = devicePlace(place, this.dpr);
      const finished = this.look as Look;
      return new SweepStrip(this.context, source, pxPerMm, box, finished, hatch, hasGrid);
    });
  }

  draw(atMs: number): void {
    if (!this.look) return;
    this.context.beginPath();
    for (const strip of this.strips) strip.draw(atMs);
    this.context.lineWidth = Math.max(1, TRACE_MM * CSS_PX_PER_MM * this.dpr);
    this.context.lineJoin = "round";
    this.context.strokeStyle = this.look.trace;
    this.context.stroke();
  }
}

function devicePlace(place: Place, dpr: number): Place {
  const x = Math.round(place.x * dpr);
  const y = Math.round(place.y * dpr);
  const width = Math.round((place.x + place.width) * dpr) - x;
  const height = Math.round((place.y + place.height) * dpr) - y;
  return { x, y, width, height };
}

function hatchPattern(context: CanvasRenderingContext2D, look: Look, dpr: number): CanvasPattern {
  const side = Math.round(8 * dpr);
  const tile = document.createElement("canvas");
  tile.width = side;
  tile.height = side;
  const pen = tile.getContext("2d") as CanvasRenderingContext2D;
  pen.fillStyle = look.surface;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = look.hatch;
  pen.lineWidth = Math.max(1, dpr);
  pen.beginPath();
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat") as CanvasPattern;
}
