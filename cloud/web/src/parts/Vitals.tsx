/** What a patient's numbers amount to in words; the phone and the wall's side panel share it. */

import type { View } from "../state/judge";
import type { Monitored } from "../state/monitor";
import type { Numbers } from "../wire";
import { clockTime, count, fromNs, NO_VALUE, reason, seconds, why, words } from "../words";

/** The rate as it may be shown: never 0, never old. */
export function rateText(numbers: Numbers | null, view: View): string {
  const isShown = view.is === "live" || view.is === "stale";
  return isShown && numbers?.hr_bpm ? Math.round(numbers.hr_bpm).toString() : NO_VALUE;
}

/** Why there is no rate; empty when there is one. */
export function rateReason(numbers: Numbers | null, view: View): string {
  if (view.is === "loading") return words.value.loading;
  if (view.is === "none" || view.is === "lost") return why(view.why);
  if (numbers?.lead_off) return words.value.electrodeOff;
  return numbers?.hr_bpm ? "" : reason(numbers?.hr_reason ?? numbers?.quality_reasons[0] ?? null);
}

export function ageText(view: View): string {
  const text = words.value;
  if (view.is === "live") return text.age(seconds(view.ageMs));
  if (view.is === "stale") return text.staleSince(clockTime(view.sinceMs));
  if (view.is === "lost") return text.noDataSince(clockTime(view.sinceMs));
  return view.is === "none" ? text.noDataYet : text.loading;
}

/** Everything that stands behind the rate and the sentence. */
export function Evidence({ patient }: { patient: Monitored }) {
  const text = words.value;
  const numbers = patient.numbers.value;
  const status = patient.status.value;
  const link = patient.link.value;
  const rows: [string, string][] = [];
  if (numbers) {
    const reasons = numbers.quality_reasons.map(reason);
    rows.push(
      [text.rate, [rateText(numbers, patient.view.value), text.bpm].join(" ")],
      [text.qualityLabel, [text.quality(Math.round(numbers.sqi * 100)), ...reasons].join(", ")],
      [text.beats, count(numbers.beats)],
      [text.gaps, `${count(numbers.gaps)}, ${text.samplesMissing(count(numbers.gap_samples))}`],
      [text.newest, clockTime(fromNs(numbers.newest_ns))],
      [text.stored, clockTime(fromNs(numbers.safe_through_ns))],
    );
  }
  if (status) {
    const battery = status.battery_pct === null ? text.batteryUnknown : `${status.battery_pct} %`;
    rows.push(
      [text.patch, [status.model, status.device].filter(Boolean).join(", ")],
      [text.link, link ? text.links[link] : text.linkUnknown],
      [text.battery, battery],
    );
  }
  return (
    <dl class="evidence">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
