import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GAP_REASONS, RHYTHMS } from "../wire";
import { en } from "./en";
import { zh } from "./zh";

const EVENTS = readFileSync(new URL("../../../../ecgcore/events.py", import.meta.url), "utf8");

/** The values of an enumeration of the engine, as its source has them. */
function engines(name: string): string[] {
  const body = EVENTS.split(`class ${name}(StrEnum):`)[1]?.split("\nclass ")[0] ?? "";
  const members = body.split("@")[0] ?? "";
  return [...members.matchAll(/^ {4}[A-Z0-9_]+ = "([^"]+)"$/gm)].map((match) => match[1] as string);
}

const languages = [
  ["en", en],
  ["zh", zh],
] as const;

test("the engine's rhythms are the pages' rhythms", () => {
  const rhythms = engines("RhythmLabel");
  expect(rhythms.length).toBeGreaterThan(20);
  expect([...RHYTHMS].sort()).toEqual(rhythms.sort());
});

test.each(languages)("no rhythm is without a name and a sentence (%s)", (_, words) => {
  for (const rhythm of engines("RhythmLabel")) {
    expect(words.rhythms, rhythm).toHaveProperty([rhythm], expect.stringMatching(/\S/));
    expect(words.sayings, rhythm).toHaveProperty([rhythm], expect.stringMatching(/[.。]$/));
  }
  expect(new Set(Object.values(words.rhythms)).size).toBe(RHYTHMS.length);
});

test.each(languages)("no action of the audit trail is without words (%s)", (_, words) => {
  const rule = readFileSync(new URL("../../../../cloud/auth.py", import.meta.url), "utf8");
  const actions = rule.split("class Action(StrEnum):")[1]?.split("\n\n\n")[0] ?? "";
  const names = [...actions.matchAll(/^ {4}[A-Z_]+ = "([^"]+)"$/gm)].map((match) => match[1]);
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(words.accessActions).sort()).toEqual(names.sort());
});

test.each(languages)("no reason is without words (%s)", (_, words) => {
  const reasons = [...engines("QualityReason"), ...engines("NullReason"), ...GAP_REASONS];
  expect(reasons).toContain("mains");
  for (const reason of reasons) {
    expect(words.reasons, reason).toHaveProperty([reason], expect.stringMatching(/\S/));
  }
});

test("Chinese says everything that English says", () => {
  for (const [key, value] of Object.entries(en)) {
    if (typeof value === "object") {
      expect(Object.keys(zh[key as keyof typeof zh]).sort(), key).toEqual(
        Object.keys(value).sort(),
      );
    }
  }
});
