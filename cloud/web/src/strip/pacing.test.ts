import { expect, test } from "vitest";
import { Pacing } from "./pacing";

const FRAME_MS = 560;

/** Run a stream whose frames cover `FRAME_MS` and come `delay(i)` ms after they are complete. */
function play(untilMs: number, delay: (frame: number) => number, fromMs = 0) {
  const pacing = new Pacing();
  const shown: { atMs: number; headMs: number | null; newestMs: number }[] = [];
  let frame = 0;
  let newestMs = 0;
  for (let atMs = fromMs; atMs < untilMs; atMs += 1000 / 60) {
    while ((frame + 1) * FRAME_MS + delay(frame) <= atMs) {
      pacing.arrived(frame * FRAME_MS, atMs);
      frame += 1;
      newestMs = frame * FRAME_MS;
    }
    shown.push({ atMs, headMs: pacing.playhead(atMs, newestMs), newestMs });
  }
  return shown;
}

const heads = (shown: ReturnType<typeof play>) =>
  shown.flatMap(({ headMs }) => (headMs === null ? [] : [headMs]));
const steps = (values: number[]) => values.slice(1).map((value, i) => value - (values[i] ?? 0));

test("nothing is shown before anything came", () => {
  expect(new Pacing().playhead(1000, 0)).toBeNull();
});

test("the pen moves evenly though samples come by the half second", () => {
  const settled = heads(play(20_000, () => 40).filter(({ atMs }) => atMs > 10_000));
  for (const step of steps(settled)) expect(step).toBeCloseTo(1000 / 60, 6);
});

test("the pen never passes the newest sample and never goes back", () => {
  const shown = play(30_000, (i) => 40 + ((i * 7919) % 400));
  for (const { headMs, newestMs } of shown) expect(headMs ?? 0).toBeLessThanOrEqual(newestMs);
  for (const step of steps(heads(shown))) expect(step).toBeGreaterThanOrEqual(0);
});

test("with jitter the pen runs dry in no more than one frame of a thousand", () => {
  const shown = play(60_000, (i) => 40 + ((i * 7919) % 400)).filter(({ atMs }) => atMs > 15_000);
  const dry = steps(heads(shown)).filter((step) => step === 0).length;
  expect(dry / shown.length).toBeLessThan(0.001);
});

test("the delay is a frame and little more", () => {
  const last = play(20_000, () => 40).at(-1);
  const delayMs = (last?.atMs ?? 0) - (last?.headMs ?? 0);
  expect(delayMs).toBeGreaterThan(FRAME_MS + 40);
  expect(delayMs).toBeLessThan(FRAME_MS + 40 + 60);
});

test("a full page of samples at the start sets the pen back by a frame at most, and not for long", () => {
  const delays = play(25_000, () => 40, 10_000).map(({ atMs, headMs }) => atMs - (headMs ?? atMs));
  expect(Math.max(...delays)).toBeLessThan(2 * FRAME_MS + 40 + 60);
  expect(delays.at(-1)).toBeLessThan(FRAME_MS + 40 + 60);
});

test("a backlog is not replayed: the pen waits, then jumps to now", () => {
  // From 10 s on nothing for 20 s; then the backlog drains within a second, ten frames at a time.
  const outage = (i: number) => {
    const readyMs = (i + 1) * FRAME_MS;
    if (readyMs < 10_000 || readyMs > 30_000) return 40;
    return 30_000 - readyMs + ((readyMs - 10_000) / 20_000) * 1000;
  };
  const shown = play(40_000, outage);
  const moves = steps(heads(shown)).filter((step) => step > 200);
  expect(moves.length).toBe(1);
  const last = shown.at(-1);
  expect((last?.atMs ?? 0) - (last?.headMs ?? 0)).toBeLessThan(1000);
});

test("after a hidden tab the pen is at now at once", () => {
  const pacing = new Pacing();
  for (let i = 0; i < 40; i++) {
    const atMs = (i + 1) * FRAME_MS;
    pacing.arrived(i * FRAME_MS, atMs);
    if (i < 10) pacing.playhead(atMs, atMs);
  }
  const nowMs = 41 * FRAME_MS - 1;
  const headMs = pacing.playhead(nowMs, 40 * FRAME_MS) ?? 0;
  expect(nowMs - headMs).toBeLessThan(FRAME_MS + 60);
});
