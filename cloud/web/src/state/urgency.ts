/**
 * How soon somebody should look, by the classes of the rules (IEC 60601-1-8 logic): judged from
 * the latest numbers alone, so it ends when its cause does. Nothing is latched or notified here.
 */

import type { Numbers, Rhythm } from "../wire";
import { RHYTHMS } from "../wire";

export const URGENCIES = ["high", "medium", "low"] as const;
export type Urgency = (typeof URGENCIES)[number];

/** Beside the colour, so that nobody has to see colours. */
export const SYMBOLS: Record<Urgency, string> = { high: "!!!", medium: "!!", low: "!" };

/** What a rate can be beside a rhythm. */
export type RateConcern = "rate_very_low" | "rate_very_high";

/** Something to look at. */
export interface Concern {
  what: Rhythm | RateConcern;
  urgency: Urgency;
}

/** These are over when they are told, or come one by one: new for so long. The rest go on or not. */
const EVENT_MS = 60_000;
const BRIEF: ReadonlySet<Rhythm> = new Set<Rhythm>([
  "pause",
  "nsvt",
  "triplet",
  "couplet",
  "mobitz1",
  "mobitz2",
]);
/** Below it a rate is not judged. */
const GOOD_SQI = 0.7;
const VERY_LOW_BPM = 40;
/** Rest is taken for granted: nothing tells of movement yet. */
const VERY_HIGH_BPM = 140;

const AT_ONCE: Partial<Record<Rhythm, Urgency>> = {
  vf: "high",
  asystole: "high",
  vt: "high",
  complete_avb: "high",
  pause: "medium",
  nsvt: "medium",
  mobitz2: "medium",
  "2to1": "medium",
  svt: "low",
  aivr: "low",
  mobitz1: "low",
  avb1: "low",
  bigeminy: "low",
  trigeminy: "low",
};

/** What becomes more urgent by lasting, with a rate outside of a limit where that is needed. */
interface Lasting {
  afterS: number;
  urgency: Urgency;
  belowBpm?: number;
  aboveBpm?: number;
}

const LASTING: Partial<Record<Rhythm, Lasting>> = {
  afib: { afterS: 30, urgency: "medium" },
  aflutter: { afterS: 30, urgency: "medium" },
  svt: { afterS: 30, urgency: "medium", aboveBpm: 150 },
  sinus_brady: { afterS: 60, urgency: "medium", belowBpm: 50 },
  lead_off: { afterS: 60, urgency: "medium" },
  noise: { afterS: 300, urgency: "low" },
};

/** Give what lies over the base rhythm: what goes on, and brief events of the last minute. */
export function eventsOf(numbers: Numbers): Rhythm[] {
  const { newest_event: newest, newest_event_ns: atNs, newest_ns: nowNs } = numbers;
  const isNew = atNs !== null && (nowNs - atNs) / 1e6 <= EVENT_MS;
  const brief = newest !== null && isNew && BRIEF.has(newest) ? [newest] : [];
  const events = new Set([...numbers.patterns, ...brief]);
  return [...events].sort(byGravity);
}

/** The gravest rhythm first. */
export const byGravity = (a: Rhythm, b: Rhythm): number => RHYTHMS.indexOf(a) - RHYTHMS.indexOf(b);

/** Give everything that somebody should look at. */
export function concernsOf(numbers: Numbers): Concern[] {
  const found: Concern[] = [];
  const base = numbers.rhythm;
  const ofBase = base && (lasting(base, numbers) ?? AT_ONCE[base]);
  if (base && ofBase) found.push({ what: base, urgency: ofBase });
  for (const what of eventsOf(numbers)) {
    const urgency = AT_ONCE[what];
    if (urgency) found.push({ what, urgency });
  }
  const rate = rateConcern(numbers);
  if (rate) found.push({ what: rate, urgency: "high" });
  return found.sort(byUrgency);
}

/** Most urgent first, of the like a far-off rate and then the gravest rhythm. */
function byUrgency(a: Concern, b: Concern): number {
  const place = (what: string) => (RHYTHMS as readonly string[]).indexOf(what);
  const urgencies = URGENCIES.indexOf(a.urgency) - URGENCIES.indexOf(b.urgency);
  return urgencies || place(a.what) - place(b.what);
}

export const urgencyOf = (numbers: Numbers): Urgency | null =>
  concernsOf(numbers)[0]?.urgency ?? null;

function lasting(rhythm: Rhythm, numbers: Numbers): Urgency | undefined {
  const rule = LASTING[rhythm];
  const { rhythm_since_ns: sinceNs, hr_bpm: bpm, newest_ns: nowNs } = numbers;
  if (!rule || sinceNs === null || (nowNs - sinceNs) / 1e9 < rule.afterS) return undefined;
  if (rule.belowBpm !== undefined && !(bpm && bpm < rule.belowBpm)) return undefined;
  if (rule.aboveBpm !== undefined && !(bpm && bpm > rule.aboveBpm)) return undefined;
  return rule.urgency;
}

function rateConcern({ hr_bpm: bpm, sqi }: Numbers): RateConcern | null {
  if (!bpm || sqi < GOOD_SQI) return null;
  if (bpm < VERY_LOW_BPM) return "rate_very_low";
  return bpm > VERY_HIGH_BPM ? "rate_very_high" : null;
}
