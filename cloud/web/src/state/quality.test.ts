import { expect, test } from "vitest";
import { numbersOf } from "./numbers.canned";
import { qualityOf, reasonsOf } from "./quality";

test.each([
  [1, false, "good"],
  [0.7, false, "good"],
  [0.69, false, "disturbed"],
  [0.5, false, "disturbed"],
  [0.49, false, "poor"],
  [1, true, "poor"],
] as const)("a quality of %d, electrode off %s, is %s", (sqi, lead_off, quality) => {
  expect(qualityOf(numbersOf({ sqi, lead_off }))).toBe(quality);
});

test("each reason is given once, the electrode first", () => {
  const quality_reasons = ["motion", "mains", "lead_off"];
  expect(reasonsOf(numbersOf({ quality_reasons, lead_off: true }))).toEqual([
    "lead_off",
    "motion",
    "mains",
  ]);
  expect(reasonsOf(numbersOf({ quality_reasons: [] }))).toEqual([]);
});
