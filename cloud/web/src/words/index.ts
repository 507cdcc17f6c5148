/** The words of the language in force, and numbers and times written its way. */

import { computed } from "@preact/signals";
import { language } from "../state/preferences";
import { en, type Words } from "./en";
import { zh } from "./zh";

export const words = computed<Words>(() => (language.value === "zh" ? zh : en));

/** What stands where a number is not known. */
export const NO_VALUE = "--";

const clockFormat = computed(
  () =>
    new Intl.DateTimeFormat(words.value.locale, {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }),
);

const dayFormat = computed(
  () => new Intl.DateTimeFormat(words.value.locale, { dateStyle: "medium" }),
);

/** Hours, minutes, seconds in the viewer's own time zone. */
export const clockTime = (utcMs: number): string => clockFormat.value.format(utcMs);
export const day = (utcMs: number): string => dayFormat.value.format(utcMs);
export const fromNs = (utcNs: number): number => utcNs / 1e6;

export const reason = (key: string | null): string =>
  words.value.reasons[key ?? "none"] ?? (key ?? "").replaceAll("_", " ");

/** A rhythm's name; one of a later version is named by its key. */
export const rhythmName = (key: string): string =>
  (words.value.rhythms as Record<string, string>)[key] ?? key.replaceAll("_", " ");

/** Why nothing comes: a service, the page, the gateway, or the state of the link. */
export function why(key: string): string {
  const { whys, links } = words.value;
  return (whys as Record<string, string>)[key] ?? (links as Record<string, string>)[key] ?? key;
}

/** Three significant figures, never an exponent. */
export const figure = (value: number): string =>
  new Intl.NumberFormat(words.value.locale, { maximumSignificantDigits: 3 }).format(value);

export const count = (value: number): string =>
  new Intl.NumberFormat(words.value.locale).format(value);

/** Seconds with one decimal below ten. */
export function seconds(ms: number): string {
  const value = Math.max(0, ms) / 1e3;
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toString();
}

/** Whole minutes and the seconds over, written by `write`. */
export function minutes(ms: number, write: (minutes: number, seconds: number) => string): string {
  const total = Math.round(Math.max(0, ms) / 1e3);
  return write(Math.floor(total / 60), total % 60);
}

export const unit = (ucum: string): string => words.value.units[ucum] ?? ucum;
