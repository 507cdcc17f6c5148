/** Waits between attempts: full jitter, so that a thousand pages do not come back at once. */

const FIRST_MS = 500;
const LONGEST_MS = 5_000;

/** Give how long to wait before attempt `attempt` (0, 1, ...), ms; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
}
