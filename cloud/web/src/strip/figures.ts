/** What this page measures of itself; on `window.__ecgomics` for tests and for the curious. */

import type { SweepCanvas } from "./sweep";

const WINDOW_MS = 5_000;

export interface Figures {
  /** Frames a second over the last 5 s. */
  readonly fps: number;
  /** Share of the last 5 s that this page's own frame and message handlers took. */
  readonly mainThreadBusyPct: number;
  readonly strips: number;
  /** Samples drawn since the strips were laid out. */
  readonly drawnSamples: number;
  /** By stream number: UTC of the newest sample on the screen, ns. */
  readonly lastDrawnUtcNs: Record<number, number>;
}

declare global {
  interface Window {
    __ecgomics: Figures;
  }
}

export class Meter implements Figures {
  canvas: SweepCanvas | null = null;
  private frames: number[] = [];
  private work: { atMs: number; tookMs: number }[] = [];

  /** Run `task` and count its time as busy. */
  busy(task: () => void): void {
    const atMs = performance.now();
    task();
    this.work.push({ atMs, tookMs: performance.now() - atMs });
    while ((this.work[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.work.shift();
  }

  frame(): void {
    const atMs = performance.now();
    this.frames.push(atMs);
    while ((this.frames[0] as number) < atMs - WINDOW_MS) this.frames.shift();
  }

  get fps(): number {
    const since = performance.now() - WINDOW_MS;
    const recent = this.frames.filter((atMs) => atMs >= since);
    const [first, last] = [recent[0], recent.at(-1)];
    if (first === undefined || last === undefined || last === first) return 0;
    return ((recent.length - 1) * 1e3) / (last - first);
  }

  get mainThreadBusyPct(): number {
    const since = performance.now() - WINDOW_MS;
    const recent = this.work.filter((piece) => piece.atMs >= since);
    return (100 * recent.reduce((sum, piece) => sum + piece.tookMs, 0)) / WINDOW_MS;
  }

  get strips(): number {
    return this.canvas?.strips.length ?? 0;
  }

  get drawnSamples(): number {
    return (this.canvas?.strips ?? []).reduce((sum, strip) => sum + strip.drawnSamples, 0);
  }

  get lastDrawnUtcNs(): Record<number, number> {
    const drawn = (this.canvas?.strips ?? []).filter((strip) => strip.drawnSamples > 0);
    return Object.fromEntries(
      drawn.map(({ source, drawn: end }) => [source.stream, source.utcMsAt(end - 1) * 1e6]),
    );
  }
}

export const meter = new Meter();
