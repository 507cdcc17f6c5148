/**
 * When a sample is shown: a steady short while after it was measured, though samples arrive by
 * the half second.
 *
 * For every arrival the lateness (time of arrival less the time its first sample stands for) is
 * kept. The pen runs behind the arrivals by the largest lateness of the last seconds, so it never
 * runs dry between two; it changes its distance slowly. What comes far later than the best is a
 * backlog and sets no pace. While a backlog drains the pen waits, then jumps to now: nothing is
 * ever replayed fast. All times are ms on one clock that runs as fast as the patch's.
 */

const WINDOW_MS = 8_000;
const BURST_MS = 80;
const MAX_JITTER_MS = 1_500;
const MARGIN_MS = 30;
const SLEW = 0.08;
/** A backlog drains when an arrival is so much less late than the best and the worst before it. */
const BETTER_THAN_BEST_MS = 100;
const BETTER_THAN_WORST_MS = 1_000;
const SETTLED_MS = 300;
const LONGEST_WAIT_MS = 3_000;

interface Arrival {
  atMs: number;
  /** When the first of those that came at once did. */
  burstMs: number;
  latenessMs: number;
}

export class Pacing {
  private arrivals: Arrival[] = [];
  private lagMs: number | null = null;
  private shownMs = Number.NEGATIVE_INFINITY;
  private lastFrameMs = 0;
  private catchUpMs: { since: number; last: number } | null = null;

  reset(): void {
    this.arrivals = [];
    this.lagMs = null;
    this.shownMs = Number.NEGATIVE_INFINITY;
    this.catchUpMs = null;
  }

  /** Note that samples from stream time `firstMs` on came at `atMs`. */
  arrived(firstMs: number, atMs: number): void {
    const last = this.arrivals.at(-1);
    const isBurst = last !== undefined && atMs - last.burstMs < BURST_MS;
    const burstMs = isBurst ? last.burstMs : atMs;
    const arrival = { atMs, burstMs, latenessMs: atMs - firstMs };
    this.noteCatchUp(arrival);
    // Of several at once only the newest tells how late live samples are.
    if (isBurst) this.arrivals.pop();
    this.arrivals.push(arrival);
    while ((this.arrivals[0] as Arrival).atMs < atMs - WINDOW_MS) this.arrivals.shift();
  }

  /** Give the stream time up to which to show at `atMs`; null before the first arrival. */
  playhead(atMs: number, newestMs: number): number | null {
    if (this.arrivals.length === 0) return null;
    const elapsedMs = Math.max(0, atMs - this.lastFrameMs);
    this.lastFrameMs = atMs;
    if (!this.isCatchingUp(atMs)) this.lagMs = this.approach(this.targetLagMs(), elapsedMs);
    if (this.lagMs === null || this.catchUpMs) return this.shownMs;
    this.shownMs = Math.max(this.shownMs, Math.min(atMs - this.lagMs, newestMs));
    return this.shownMs;
  }

  private noteCatchUp(arrival: Arrival): void {
    if (this.lagMs === null) return;
    const before = this.arrivals.map((each) => each.latenessMs);
    if (Math.min(...before) - arrival.latenessMs < BETTER_THAN_BEST_MS) return;
    if (Math.max(...before) - arrival.latenessMs < BETTER_THAN_WORST_MS) return;
    this.catchUpMs = { since: this.catchUpMs?.since ?? arrival.atMs, last: arrival.atMs };
  }

  private isCatchingUp(atMs: number): boolean {
    if (!this.catchUpMs) return false;
    const { since, last } = this.catchUpMs;
    if (atMs - last <= SETTLED_MS && atMs - since <= LONGEST_WAIT_MS) return true;
    this.catchUpMs = null;
    // The backlog's own latenesses say nothing of what comes now.
    this.arrivals = this.arrivals.slice(-1);
    return false;
  }

  private targetLagMs(): number {
    const latenesses = this.arrivals.map((arrival) => arrival.latenessMs);
    const live = Math.min(...latenesses) + MAX_JITTER_MS;
    return Math.max(...latenesses.filter((lateness) => lateness <= live)) + MARGIN_MS;
  }

  private approach(target: number, elapsedMs: number): number {
    const away = target - (this.lagMs ?? target);
    if (this.lagMs === null || Math.abs(away) > MAX_JITTER_MS) return target;
    const step = SLEW * elapsedMs;
    return this.lagMs + Math.max(-step, Math.min(step, away));
  }
}
