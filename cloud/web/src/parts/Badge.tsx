/** The sign of an urgency: symbol, colour and, for those who hear the page, words. */

import { SYMBOLS, type Urgency } from "../state/urgency";
import { words } from "../words";

export function Badge({ urgency }: { urgency: Urgency }) {
  return (
    <span class={`badge badge-${urgency}`}>
      <span aria-hidden="true">{SYMBOLS[urgency]}</span>
      <span class="unseen">{words.value.alarms[urgency]}: </span>
    </span>
  );
}
