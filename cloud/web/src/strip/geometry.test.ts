import { expect, test } from "vitest";
import { extentOf, gainMmPerMv, speedMmPerS, sweepPoint, tracePath } from "./geometry";

test("a second of paper is 25 mm, a millivolt 10 mm upwards", () => {
  const path = tracePath([0, 1, -0.5], 2, 25, 10, 0);
  expect(path).toBe("M0.00 0.00L12.50 -10.00L25.00 5.00");
});

test("no samples, no path", () => {
  expect(tracePath([], 130, 25, 10, 0)).toBe("");
});

test.each([
  [103, 25],
  [100, 25],
  [99, 12.5],
  [49, 6.25],
  [10, 6.25],
])("a strip %d mm wide runs at %d mm/s", (widthMm, speed) => {
  expect(speedMmPerS(widthMm)).toBe(speed);
});

test("the gain is the largest step at which the signal fits", () => {
  expect(gainMmPerMv(50, 2)).toBe(20);
  expect(gainMmPerMv(50, 4)).toBe(10);
  expect(gainMmPerMv(50, 1000)).toBe(1.25);
});

test("the gain holds until the signal outgrows it or leaves room to spare", () => {
  expect(gainMmPerMv(50, 2.3, 15)).toBe(15);
  expect(gainMmPerMv(50, 2.2, 15)).toBe(15);
  expect(gainMmPerMv(50, 3.5, 15)).toBe(10);
  expect(gainMmPerMv(50, 1, 15)).toBe(30);
});

test("only the counter decides where a sample stands", () => {
  const perSample = 0.75;
  expect(sweepPoint(0, perSample, 300)).toEqual({ sweep: 0, x: 0 });
  expect(sweepPoint(399, perSample, 300)).toEqual({ sweep: 0, x: 299.25 });
  expect(sweepPoint(400, perSample, 300)).toEqual({ sweep: 1, x: 0 });
  expect(sweepPoint(400 * 1e9 + 4, perSample, 300)).toEqual({ sweep: 1e9, x: 3 });
});

test("the extent leaves out the two in a thousand farthest each way", () => {
  const mv = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
  mv[0] = -50;
  mv[1] = 50;
  const { middleMv, rangeMv } = extentOf(mv);
  expect(rangeMv).toBeCloseTo(0.995, 2);
  expect(middleMv).toBeCloseTo(0.5, 2);
});

test("no signal has a middle at zero", () => {
  expect(extentOf(new Float64Array(0))).toEqual({ middleMv: 0, rangeMv: 2 });
});
