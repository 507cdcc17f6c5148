/** Up to when everything is stored, and what is still on its way. */

import type { View } from "../state/judge";
import { type Monitored, nowMs } from "../state/monitor";
import type { DeviceStatus, Numbers } from "../wire";
import { clockTime, fromNs, seconds, why, words } from "../words";

/** The bar stands for the last minute. */
const SPAN_MS = 60_000;
/** What is younger than this is simply in flight. */
const IN_FLIGHT_MS = 10_000;

function onItsWay(numbers: Numbers, status: DeviceStatus | null, view: View): string {
  const text = words.value;
  if (view.is === "lost") return why(view.why);
  const oldest = status?.oldest_uncommitted_ns;
  if (status && oldest && nowMs.value - fromNs(oldest) > IN_FLIGHT_MS) {
    return text.heldBack(status.spooled_frames, clockTime(fromNs(oldest)));
  }
  const pendingMs = Math.max(0, fromNs(numbers.newest_ns - numbers.safe_through_ns));
  return pendingMs > 0 ? text.onItsWay(seconds(pendingMs)) : text.allSafe;
}

export function SafeBar({ patient }: { patient: Monitored }) {
  const text = words.value;
  const numbers = patient.numbers.value;
  if (!numbers || numbers.safe_through_ns <= 0) {
    return <p class="safe quiet">{text.nothingSafe}</p>;
  }
  const safeMs = fromNs(numbers.safe_through_ns);
  const share = Math.max(0, Math.min(1, 1 - (nowMs.value - safeMs) / SPAN_MS));
  return (
    <section class="safe">
      <p>
        <strong>{text.safeThrough(clockTime(safeMs))}</strong>
        <span class="quiet">{onItsWay(numbers, patient.status.value, patient.view.value)}</span>
      </p>
      <div class="bar" aria-hidden="true">
        <div class="bar-safe" style={{ width: `${100 * share}%` }} />
      </div>
    </section>
  );
}
