/** The server's clock, as far as this page can tell. */

const KEPT_MESSAGES = 12;

/**
 * UTC of the server from the times it tells.
 *
 * A message can only be late, never early, so of the last minute's messages the one that
 * travelled fastest (the largest offset) is right. `speed` is how many seconds pass there in one
 * of ours; it differs from 1 only in a sped-up demonstration.
 */
export class ServerClock {
  speed = 1;
  private offsetsMs: number[] = [];

  /** Start over with a new connection; `monotonicMs` is `performance.now()`. */
  reset(serverMs: number, speed: number, monotonicMs: number): void {
    this.speed = speed > 0 ? speed : 1;
    this.offsetsMs = [];
    this.heard(serverMs, monotonicMs);
  }

  heard(serverMs: number, monotonicMs: number): void {
    this.offsetsMs.push(serverMs - monotonicMs * this.speed);
    if (this.offsetsMs.length > KEPT_MESSAGES) this.offsetsMs.shift();
  }

  /** UTC of the server, ms; the browser's own clock before the first message. */
  nowMs(monotonicMs: number): number {
    if (this.offsetsMs.length === 0) return Date.now();
    return Math.max(...this.offsetsMs) + monotonicMs * this.speed;
  }
}
