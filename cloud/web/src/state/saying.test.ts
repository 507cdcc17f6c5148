import { expect, test } from "vitest";
import { type Numbers, RHYTHMS } from "../wire";
import { numbersOf, secondsAgo } from "./numbers.canned";
import type { Recent } from "./recent";
import { sayingOf } from "./saying";

const NOTHING: Recent = { spanMs: 60_000, pvc: 0, pac: 0, pauses: 0 };
const said = (change: Partial<Numbers>, recent: Partial<Recent> = {}) =>
  sayingOf(numbersOf(change), { ...NOTHING, ...recent });

test("every rhythm that goes on alone is said by its own sentence", () => {
  for (const rhythm of RHYTHMS) expect(said({ rhythm })).toBe(rhythm);
});

test.each([
  [true, "even"],
  [false, "uneven"],
  [null, "unsure"],
])("before a rhythm has a name, beats that are even (%s) say: %s", (regular, saying) => {
  expect(said({ rhythm: null, regular })).toBe(saying);
});

test("regular is never said over extra or uneven beats", () => {
  expect(said({}, { pvc: 1 })).toBe("sinus_extra");
  expect(said({ regular: false }, { pac: 2 })).toBe("sinus_extra");
  expect(said({ regular: false })).toBe("sinus_uneven");
  expect(said({ patterns: ["bigeminy"] }, { pvc: 9 })).toBe("bigeminy");
  expect(said({ newest_event: "pause", newest_event_ns: secondsAgo(20) })).toBe("pause");
  expect(sayingOf(numbersOf({ regular: false }), null)).toBe("sinus_uneven");
});

test("a grave rhythm is not hidden behind a lesser event", () => {
  expect(said({ rhythm: "vt", patterns: ["avb1"] })).toBe("vt");
  expect(said({ rhythm: "afib", patterns: ["bigeminy"] })).toBe("afib");
  expect(said({ rhythm: "afib", patterns: ["complete_avb"] })).toBe("complete_avb");
});

test("a signal that cannot be judged is said, whatever came before", () => {
  const event = { newest_event: "couplet", newest_event_ns: secondsAgo(9) } as const;
  expect(said({ rhythm: "noise", ...event })).toBe("noise");
});

test("an electrode that is off is said at once", () => {
  expect(said({ lead_off: true, rhythm: "afib" })).toBe("lead_off");
});
