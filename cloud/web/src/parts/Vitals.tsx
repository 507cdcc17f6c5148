/** What a patient's numbers amount to in words; the phone and the wall's side panel share it. */

import { isMonitored, type View } from "../state/judge";
import type { Monitored } from "../state/monitor";
import { qualityOf, reasonsOf } from "../state/quality";
import type { Recent } from "../state/recent";
import type { Numbers } from "../wire";
import {
  clockTime,
  count,
  fromNs,
  minutes,
  NO_VALUE,
  reason,
  rhythmName,
  seconds,
  why,
  words,
} from "../words";

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

const isSignal = (rhythm: string) => rhythm === "noise" || rhythm === "lead_off";

/** How sure the rhythm is, in the words that reports use; empty where that says nothing. */
function certainty({ rhythm, rhythm_confidence: confidence }: Numbers): string {
  if (rhythm === null || confidence === null) return "";
  if (isSignal(rhythm) || rhythm === "undetermined") return "";
  const { probable, possible, consider } = words.value.certainties;
  return (confidence >= 0.9 ? probable : confidence >= 0.7 ? possible : consider) ?? "";
}

/** The rhythm, how sure it is and since when; empty while none has a name. */
export function rhythmText(numbers: Numbers | null, view: View): string {
  if (!numbers?.rhythm || !isMonitored(view)) return "";
  const { since } = words.value;
  const sinceNs = numbers.rhythm_since_ns;
  const parts = [
    rhythmName(numbers.rhythm),
    certainty(numbers),
    sinceNs === null ? "" : since(clockTime(fromNs(sinceNs))),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** How good the signal is, with the reasons where it is not. */
export function qualityText(numbers: Numbers | null, view: View): string {
  if (!numbers || !isMonitored(view)) return "";
  const { qualities, because } = words.value;
  const quality = qualityOf(numbers);
  const reasons = quality === "good" ? [] : reasonsOf(numbers).map(reason);
  return reasons.length > 0 ? because(qualities[quality], reasons.join(", ")) : qualities[quality];
}

export function eventText({ newest_event: event, newest_event_ns: atNs }: Numbers): string {
  const text = words.value;
  if (event === null || atNs === null) return text.noEvent;
  return text.eventAt(rhythmName(event), clockTime(fromNs(atNs)));
}

function extraBeats({ pvc, pac }: Pick<Numbers, "pvc" | "pac">): string {
  const text = words.value;
  return [text.pvcCount(count(pvc)), text.pacCount(count(pac))].join(", ");
}

/** Extra beats, pauses and fibrillation: of the last minutes and since the recording began. */
function countRows(numbers: Numbers, recent: Recent | null): [string, string][] {
  const text = words.value;
  const rows: [string, string][] = [];
  if (recent && recent.spanMs > 0) {
    const name = text.recentCounts(minutes(recent.spanMs, text.span));
    rows.push([name, `${extraBeats(recent)}, ${text.pausesCount(count(recent.pauses))}`]);
  }
  rows.push(
    [text.allCounts, `${extraBeats(numbers)}, ${text.pausesCount(count(numbers.pauses))}`],
    [text.fibrillation, minutes(numbers.af_s * 1e3, text.fibrillationTime)],
  );
  return rows;
}

/** Everything that stands behind the rate and the sentence. */
export function Evidence({ patient }: { patient: Monitored }) {
  const text = words.value;
  const numbers = patient.numbers.value;
  const status = patient.status.value;
  const link = patient.link.value;
  const rows: [string, string][] = [];
  if (numbers) {
    const reasons = reasonsOf(numbers).map(reason);
    rows.push(
      [text.rate, [rateText(numbers, patient.view.value), text.bpm].join(" ")],
      [text.qualityLabel, [text.quality(Math.round(numbers.sqi * 100)), ...reasons].join(", ")],
      [
        text.rhythm,
        [rhythmText(numbers, patient.view.value) || NO_VALUE, text.automatic].join(" · "),
      ],
      [text.newestEvent, eventText(numbers)],
      ...countRows(numbers, patient.recent.value),
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
