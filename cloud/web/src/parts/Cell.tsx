/** One patient on the wall. Its texts are signals, so a tick re-renders no component. */

import { useComputed } from "@preact/signals";
import { isMonitored, type View } from "../state/judge";
import type { Monitored } from "../state/monitor";
import { qualityOf, reasonsOf } from "../state/quality";
import { concernsOf, eventsOf, SYMBOLS, type Urgency, urgencyOf } from "../state/urgency";
import type { Numbers } from "../wire";
import { clockTime, reason, rhythmName, why, words } from "../words";
import { ageText, rateReason, rateText } from "./Vitals";

const MAX_REASONS = 2;

/** Solid, hatched or absent: how far the last ten seconds can be trusted. */
function trustIn(numbers: Numbers | null, view: View): "solid" | "hatched" | "absent" {
  if (!numbers || !isMonitored(view)) return "absent";
  return qualityOf(numbers) === "good" ? "solid" : "hatched";
}

/** Why the signal is not good; empty when it is. */
function disturbance(numbers: Numbers | null, view: View): string {
  if (!numbers || !isMonitored(view) || qualityOf(numbers) === "good") return "";
  return reasonsOf(numbers).slice(0, MAX_REASONS).map(reason).join(", ");
}

/** What is of concern, gravest first, for it must not be cut off; then the rest of the rhythm. */
function rhythm(numbers: Numbers | null, view: View): string {
  if (!numbers || !isMonitored(view)) return "";
  const { concerns } = words.value as { concerns: Record<string, string> };
  const urgent = concernsOf(numbers).map(({ what }) => concerns[what] ?? rhythmName(what));
  const all = [...urgent, base(numbers), ...eventsOf(numbers).map(rhythmName)];
  return [...new Set(all)].filter(Boolean).join(" · ");
}

function base({ rhythm: label, hr_bpm: bpm, regular }: Numbers): string {
  const text = words.value;
  if (label !== null) return rhythmName(label);
  if (!bpm) return "";
  if (regular === null) return text.rhythmUnsure;
  return regular ? text.rhythmEven : text.rhythmUneven;
}

/** How urgent what is shown is; a patient whose signal is gone is loud in another way. */
export function urgencyShown(numbers: Numbers | null, view: View): Urgency | null {
  return numbers && isMonitored(view) ? urgencyOf(numbers) : null;
}

/** What a cell that is not monitored says, loudly; empty when it is. */
function alert(view: View): string {
  const text = words.value;
  if (view.is === "lost") return text.notMonitoredSince(clockTime(view.sinceMs));
  return view.is === "none" ? text.notMonitoredYet : "";
}

interface Props {
  monitored: Monitored;
  isOpen: boolean;
  onOpen: () => void;
}

export function Cell({ monitored, isOpen, onOpen }: Props) {
  const { patient, numbers, view } = monitored;
  const said = useComputed(() => alert(view.value));
  const noRate = useComputed(() =>
    isMonitored(view.value) ? rateReason(numbers.value, view.value) : "",
  );
  const because = useComputed(() => ("why" in view.value ? why(view.value.why) : ""));
  const rate = useComputed(() => rateText(numbers.value, view.value));
  const word = useComputed(() => rhythm(numbers.value, view.value));
  const age = useComputed(() => ageText(view.value));
  const urgency = useComputed(() => urgencyShown(numbers.value, view.value));
  const cell = useComputed(() => {
    const alarm = urgency.value ? ` is-${urgency.value}` : "";
    return `cell is-${view.value.is}${alarm}`;
  });
  const badge = useComputed(() => (urgency.value ? `badge badge-${urgency.value}` : "badge"));
  const symbol = useComputed(() => (urgency.value ? SYMBOLS[urgency.value] : ""));
  const spoken = useComputed(() => (urgency.value ? `${words.value.alarms[urgency.value]}: ` : ""));
  const isCalm = useComputed(() => urgency.value === null);
  const trust = useComputed(() => `trust trust-${trustIn(numbers.value, view.value)}`);
  const disturbed = useComputed(() => disturbance(numbers.value, view.value));
  const isClear = useComputed(() => disturbed.value === "");
  const isMonitoredNow = useComputed(() => said.value === "");
  const bed = useComputed(() => (patient.bed ? words.value.bed(patient.bed) : ""));
  const unit = useComputed(() => words.value.bpm);
  return (
    <button
      type="button"
      class={cell}
      aria-pressed={isOpen}
      data-patient={patient.patient_id}
      onClick={onOpen}
    >
      <span class="cell-head">
        <span class="cell-who">
          <span class="cell-name">{patient.name}</span>
          <span class="cell-bed">{bed}</span>
          <span class="cell-word">
            <span class={badge} hidden={isCalm}>
              <span aria-hidden="true">{symbol}</span>
              <span class="unseen">{spoken}</span>
            </span>
            <span class="cell-rhythm">{word}</span>
            <strong>{noRate}</strong>
          </span>
        </span>
        <span class="cell-rate">
          <span class="cell-number">{rate}</span>
          <span class="cell-unit">{unit}</span>
        </span>
      </span>
      <span class="cell-strip" data-strip={patient.patient_id}>
        <span class="cell-alert" hidden={isMonitoredNow}>
          <strong>{said}</strong>
          <span>{because}</span>
        </span>
      </span>
      <span class="cell-foot">
        <span class={trust} />
        <span class="cell-reason" hidden={isClear}>
          {disturbed}
        </span>
        <span class="cell-age">{age}</span>
      </span>
    </button>
  );
}
