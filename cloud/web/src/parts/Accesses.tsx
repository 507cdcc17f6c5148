import { useSignal } from "@preact/signals";
import * as api from "../api";
import { clockTime, day, fromNs, words } from "../words";

/** Who did what with the patient's data, asked for when it is opened. */
export function Accesses({ patientId }: { patientId: string }) {
  const text = words.value;
  const lines = useSignal<api.Access[] | null>(null);
  const failure = useSignal<string | null>(null);
  const load = async () => {
    failure.value = null;
    try {
      lines.value = await api.accesses(patientId);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failure.value = words.peek().failed(words.peek().accesses, why);
    }
  };
  return (
    <details class="looked" onToggle={(event) => event.currentTarget.open && void load()}>
      <summary>{text.accesses}</summary>
      {failure.value && (
        <p class="failure" role="alert">
          {failure.value}
        </p>
      )}
      {!lines.value && !failure.value && (
        <div class="skeleton" role="img" aria-label={text.loading} />
      )}
      <ul class="accesses">
        {lines.value?.map((line) => (
          <li key={line.number}>
            <span>
              {line.username} · {text.accessActions[line.action] ?? line.action}
            </span>
            <time>
              {day(fromNs(line.at_ns))} {clockTime(fromNs(line.at_ns))}
            </time>
          </li>
        ))}
      </ul>
    </details>
  );
}
