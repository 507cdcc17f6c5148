/** One patient on the wall. Its texts are signals, so a tick re-renders no component. */

import { useComputed } from "@preact/signals";
import { isMonitored, type View } from "../state/judge";
import type { Monitored } from "../state/monitor";
import type { Numbers } from "../wire";
import { clockTime, why, words } from "../words";
import { ageText, rateReason, rateText } from "./Vitals";

const USABLE_SQI = 0.5;

/** Solid, hatched or absent: how far the last ten seconds can be trusted. */
function quality(numbers: Numbers | null, view: View): "solid" | "hatched" | "absent" {
  if (!numbers || !isMonitored(view)) return "absent";
  return numbers.sqi >= USABLE_SQI && !numbers.lead_off ? "solid" : "hatched";
}

function rhythm(numbers: Numbers | null, view: View): string {
  const text = words.value;
  if (!numbers?.hr_bpm || !isMonitored(view)) return "";
  if (numbers.regular === null) return text.rhythmUnsure;
  return numbers.regular ? text.rhythmEven : text.rhythmUneven;
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
  const cell = useComputed(() => `cell is-${view.value.is}`);
  const trust = useComputed(() => `trust trust-${quality(numbers.value, view.value)}`);
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
            {word}
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
        <span class="cell-age">{age}</span>
      </span>
    </button>
  );
}
