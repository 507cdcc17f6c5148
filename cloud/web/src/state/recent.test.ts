import { expect, test } from "vitest";
import { numbersOf, secondsAgo } from "./numbers.canned";
import { RecentCounts } from "./recent";

const at = (seconds: number, pvc: number, pac = 0, boot_id = 7) =>
  numbersOf({ newest_ns: secondsAgo(-seconds), pvc, pac, boot_id });

test("counts are of what came since the page is open, five minutes at most", () => {
  const counts = new RecentCounts();
  expect(counts.push(at(0, 100))).toEqual({ spanMs: 0, pvc: 0, pac: 0, pauses: 0 });
  expect(counts.push(at(60, 103, 2))).toEqual({ spanMs: 60_000, pvc: 3, pac: 2, pauses: 0 });
  expect(counts.push(at(300, 104, 2))).toMatchObject({ spanMs: 300_000, pvc: 4, pac: 2 });
  // What came in the first minute is older than five minutes now.
  expect(counts.push(at(360, 104, 2))).toMatchObject({ spanMs: 300_000, pvc: 1, pac: 0 });
});

test("numbers every second for an hour keep five minutes", () => {
  const counts = new RecentCounts();
  const last = Array.from({ length: 3601 }, (_, second) => counts.push(at(second, second))).at(-1);
  expect(last).toMatchObject({ spanMs: 300_000, pvc: 300 });
});

test.each([
  ["another recording", at(20, 50, 0, 8)],
  ["a count that fell", at(20, 9)],
  ["a time that fell", at(5, 12)],
  ["a count from the live edge on", { ...at(20, 12), is_preview: true }],
])("%s is counted anew", (_, numbers) => {
  const counts = new RecentCounts();
  counts.push(at(0, 10));
  counts.push(at(10, 11));
  expect(counts.push(numbers)).toMatchObject({ spanMs: 0, pvc: 0 });
});
