/** Which one sentence a patient reads. */

import type { Numbers, Rhythm } from "../wire";
import type { Recent } from "./recent";
import { byGravity, eventsOf } from "./urgency";

export type Saying =
  | Rhythm
  /** Before any rhythm has a name. */
  | "even"
  | "uneven"
  | "unsure"
  /** A rhythm that is usual, but not quite regular. */
  | "sinus_uneven"
  | "sinus_extra";

/** None of these is news beside what lies over it. */
const PLAIN: ReadonlySet<Rhythm> = new Set<Rhythm>([
  "sinus_rhythm",
  "sinus_arrhythmia",
  "sinus_brady",
  "sinus_tachy",
  "undetermined",
]);

export function sayingOf(numbers: Numbers, recent: Recent | null): Saying {
  const { rhythm, regular } = numbers;
  if (numbers.lead_off) return "lead_off";
  if (rhythm === null) return regular === null ? "unsure" : regular ? "even" : "uneven";
  if (rhythm === "noise" || rhythm === "lead_off") return rhythm;
  const news = [...(PLAIN.has(rhythm) ? [] : [rhythm]), ...eventsOf(numbers)].sort(byGravity)[0];
  if (news) return news;
  if (rhythm !== "sinus_rhythm") return rhythm;
  if (recent && recent.pvc + recent.pac > 0) return "sinus_extra";
  return regular === false ? "sinus_uneven" : rhythm;
}
