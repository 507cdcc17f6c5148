import { expect, test } from "vitest";
import { backoffMs } from "./backoff";
import { ServerClock } from "./clock";

test("the message that travelled fastest sets the clock", () => {
  const clock = new ServerClock();
  clock.reset(100_000, 1, 400);
  clock.heard(105_000, 5_050);
  clock.heard(110_000, 10_300);
  expect(clock.nowMs(20_050)).toBe(120_000);
});

test("a sped-up server is followed at its speed", () => {
  const clock = new ServerClock();
  clock.reset(1_000, 10, 0);
  expect(clock.nowMs(500)).toBe(6_000);
});

test("an old offset is forgotten in the end", () => {
  const clock = new ServerClock();
  clock.reset(50_000, 1, 0);
  for (let i = 1; i <= 12; i++) clock.heard(i * 5_000, i * 5_000);
  expect(clock.nowMs(100_000)).toBe(100_000);
});

test("waits grow to a limit and are spread over their whole length", () => {
  expect(backoffMs(0, 0.5)).toBe(250);
  expect(backoffMs(3, 0.5)).toBe(2_000);
  expect(backoffMs(50, 0.999)).toBeLessThan(5_000);
  expect(backoffMs(50, 0)).toBe(0);
});
