import { expect, test } from "vitest";
import { SampleRing } from "./ring";

/** Samples that carry their own counter, so that a misplaced one shows. */
function numbered(firstCounter: number, nSamples: number, gapBefore = 0) {
  const adc = Int16Array.from({ length: nSamples }, (_, i) => (firstCounter + i) % 30_000);
  return { firstCounter, gapBefore, gapReason: "radio_loss" as const, adc };
}

function expectHonest(ring: SampleRing): void {
  for (let counter = ring.start; counter < ring.end; counter++) {
    if (!ring.gapAt(counter)) expect(ring.at(counter)).toBe(counter % 30_000);
  }
}

test("samples are found by their counter, also after many turns", () => {
  const ring = new SampleRing(64);
  for (let at = 1000; at < 3000; at += 25) ring.push(numbered(at, 25));
  expect([ring.start, ring.end]).toEqual([3000 - 64, 3000]);
  expectHonest(ring);
});

test("a strip longer than the ring leaves its end", () => {
  const ring = new SampleRing(16);
  ring.push(numbered(0, 100));
  expect([ring.start, ring.end]).toEqual([84, 100]);
  expectHonest(ring);
});

test("what was seen before is not taken twice", () => {
  const ring = new SampleRing(64);
  expect(ring.push(numbered(10, 20))).toBe(20);
  expect(ring.push(numbered(10, 20))).toBe(0);
  expect(ring.push(numbered(20, 20))).toBe(10);
  expect([ring.start, ring.end]).toEqual([10, 40]);
  expectHonest(ring);
});

test("a gap is kept with its reason and never read as samples", () => {
  const ring = new SampleRing(64);
  ring.push(numbered(0, 10));
  ring.push(numbered(15, 10, 5));
  expect(ring.gaps).toEqual([{ start: 10, end: 15, reason: "radio_loss" }]);
  expect(ring.gapAt(9)).toBeUndefined();
  expect(ring.gapAt(10)?.reason).toBe("radio_loss");
  expect(ring.gapAt(15)).toBeUndefined();
});

test("what the patch's account does not cover was lost on the way to the page", () => {
  const ring = new SampleRing(64);
  ring.push(numbered(0, 10));
  ring.push(numbered(15, 10, 3));
  expect(ring.gaps).toEqual([{ start: 10, end: 15, reason: "not_shown" }]);
});

test("an empty strip that only names a gap makes one, and the next extends it", () => {
  const ring = new SampleRing(64);
  ring.push(numbered(0, 4));
  ring.push(numbered(10, 0, 6));
  ring.push(numbered(14, 2, 4));
  expect(ring.gaps).toEqual([{ start: 4, end: 14, reason: "radio_loss" }]);
  expect(ring.end).toBe(16);
});

test("gaps behind the ring are forgotten, the first strip's own is kept", () => {
  const ring = new SampleRing(16);
  ring.push(numbered(8, 4, 8));
  expect(ring.gaps).toEqual([{ start: 0, end: 8, reason: "radio_loss" }]);
  ring.push(numbered(12, 16));
  expect(ring.gaps).toEqual([]);
});

test("a capacity that is no power of two is refused", () => {
  expect(() => new SampleRing(100)).toThrow(RangeError);
});
