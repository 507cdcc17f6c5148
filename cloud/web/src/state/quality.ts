/** How far the last ten seconds of signal can be trusted, and why not further. */

import type { Numbers } from "../wire";

export type Quality = "good" | "disturbed" | "poor";

/** As the report has it: below the first nothing but the signal itself is judged there. */
const GOOD_SQI = 0.7;
const USABLE_SQI = 0.5;

export function qualityOf({ sqi, lead_off: isOff }: Numbers): Quality {
  if (isOff || sqi < USABLE_SQI) return "poor";
  return sqi < GOOD_SQI ? "disturbed" : "good";
}

/** Give the reasons by their keys, each once; an electrode that is off comes first. */
export function reasonsOf({ lead_off: isOff, quality_reasons: reasons }: Numbers): string[] {
  return [...new Set([...(isOff ? ["lead_off"] : []), ...reasons])];
}
