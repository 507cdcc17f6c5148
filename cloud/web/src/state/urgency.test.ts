import { expect, test } from "vitest";
import { type Numbers, RHYTHMS, type Rhythm } from "../wire";
import { numbersOf, secondsAgo } from "./numbers.canned";
import { concernsOf, eventsOf, urgencyOf } from "./urgency";

const lasting = (rhythm: Rhythm, seconds: number, change: Partial<Numbers> = {}) =>
  urgencyOf(numbersOf({ rhythm, rhythm_since_ns: secondsAgo(seconds), ...change }));

test.each([
  ["vf", 1, "high"],
  ["asystole", 1, "high"],
  ["vt", 1, "high"],
  ["afib", 29, null],
  ["afib", 30, "medium"],
  ["aflutter", 30, "medium"],
  ["aivr", 1, "low"],
  ["junctional", 600, null],
  ["paced", 600, null],
  ["sinus_rhythm", 600, null],
  ["sinus_arrhythmia", 600, null],
  ["sinus_tachy", 600, null],
  ["sinus_brady", 600, null],
  ["undetermined", 600, null],
  ["lead_off", 59, null],
  ["lead_off", 60, "medium"],
  ["noise", 299, null],
  ["noise", 300, "low"],
] as const)("%s for %d s is %s", (rhythm, seconds, urgency) => {
  expect(lasting(rhythm, seconds)).toBe(urgency);
});

test("supraventricular tachycardia is more urgent when it is fast and lasts", () => {
  expect(lasting("svt", 29, { hr_bpm: 135 })).toBe("low");
  expect(lasting("svt", 31, { hr_bpm: 135 })).toBe("low");
  expect(lasting("svt", 31, { hr_bpm: null })).toBe("low");
  expect(lasting("svt", 31, { hr_bpm: 160, sqi: 0.6 })).toBe("medium");
});

test("a slow sinus rhythm is urgent below 50 after a minute", () => {
  expect(lasting("sinus_brady", 61, { hr_bpm: 50 })).toBe(null);
  expect(lasting("sinus_brady", 59, { hr_bpm: 49 })).toBe(null);
  expect(lasting("sinus_brady", 60, { hr_bpm: 49 })).toBe("medium");
});

test.each([
  [40, 1, null],
  [39, 1, "high"],
  [39, 0.69, null],
  [140, 1, null],
  [141, 1, "high"],
  [141, 0.69, null],
  [null, 1, null],
])("a rate of %s at quality %d is %s", (hr_bpm, sqi, urgency) => {
  expect(urgencyOf(numbersOf({ hr_bpm, sqi }))).toBe(urgency);
});

test.each([
  ["complete_avb", "high"],
  ["mobitz2", "medium"],
  ["2to1", "medium"],
  ["mobitz1", "low"],
  ["avb1", "low"],
  ["bigeminy", "low"],
  ["trigeminy", "low"],
] as const)("%s is %s for as long as it goes on", (pattern, urgency) => {
  const began = { newest_event: pattern, newest_event_ns: secondsAgo(3600) };
  expect(urgencyOf(numbersOf({ ...began, patterns: [pattern] }))).toBe(urgency);
  expect(urgencyOf(numbersOf(began))).toBe(null);
});

test.each([
  ["nsvt", "medium"],
  ["pause", "medium"],
  ["mobitz2", "medium"],
  ["mobitz1", "low"],
  ["couplet", null],
  ["triplet", null],
] as const)("%s, over as soon as it is told, is %s for a minute", (event, urgency) => {
  const at = (seconds: number) =>
    numbersOf({ newest_event: event, newest_event_ns: secondsAgo(seconds) });
  expect(urgencyOf(at(60))).toBe(urgency);
  expect(urgencyOf(at(61))).toBe(null);
  expect(eventsOf(at(60))).toEqual([event]);
  expect(eventsOf(at(61))).toEqual([]);
});

test.each(["bigeminy", "trigeminy", "avb1", "2to1", "complete_avb"] as const)(
  "%s is no longer shown when it has ended",
  (newest_event) => {
    const ended = numbersOf({ newest_event, newest_event_ns: secondsAgo(5) });
    expect(eventsOf(ended)).toEqual([]);
    expect(urgencyOf(ended)).toBe(null);
  },
);

test("all that is of concern is told, most urgent first, each once", () => {
  const numbers = numbersOf({
    rhythm: "afib",
    hr_bpm: 150,
    patterns: ["bigeminy"],
    newest_event: "bigeminy",
    newest_event_ns: secondsAgo(5),
  });
  expect(concernsOf(numbers)).toEqual([
    { what: "rate_very_high", urgency: "high" },
    { what: "afib", urgency: "medium" },
    { what: "bigeminy", urgency: "low" },
  ]);
});

test("of two concerns as urgent the graver comes first", () => {
  const event = { newest_event: "nsvt", newest_event_ns: secondsAgo(5) } as const;
  const what = concernsOf(numbersOf({ rhythm: "afib", ...event })).map((each) => each.what);
  expect(what).toEqual(["nsvt", "afib"]);
});

test("the graver of two events comes first", () => {
  const patterns: Rhythm[] = ["bigeminy", "complete_avb"];
  expect(eventsOf(numbersOf({ patterns }))).toEqual(["complete_avb", "bigeminy"]);
});

test("a rhythm of a later version is of no known urgency", () => {
  expect(urgencyOf(numbersOf({ rhythm: "torsades" as Rhythm }))).toBe(null);
});

test("no rhythm without a begin becomes urgent by lasting", () => {
  for (const rhythm of RHYTHMS) {
    const known = urgencyOf(numbersOf({ rhythm, rhythm_since_ns: null }));
    expect(["afib", "aflutter", "lead_off", "noise"].includes(rhythm) && known).toBeFalsy();
  }
});
