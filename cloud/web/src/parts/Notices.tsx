/** Calm bands at the top: what is not as it should be, since when, and what follows. */

import { connection, dropped, services } from "../state/monitor";
import { activateUpdate, hasUpdate } from "../state/update";
import { SERVICE_NAMES } from "../wire";
import { clockTime, fromNs, words } from "../words";

function problem(): string | null {
  const text = words.value;
  const page = connection.value;
  if (page && !page.isUp) return text.pageOffline(clockTime(page.sinceMs));
  const known = services.value;
  const down = known ? SERVICE_NAMES.filter((name) => !known[name].up) : [];
  if (!known || down.length === 0) return null;
  const said = down.map((name) =>
    text.serviceDown(text.services[name], clockTime(fromNs(known[name].since_ns))),
  );
  return [...said, text.serviceNext].join(" ");
}

export function Notices() {
  const text = words.value;
  const said = problem();
  return (
    <div class="notices" role="status">
      {said && <p class="notice">{said}</p>}
      {dropped.value > 0 && <p class="notice">{text.droppedMessages(dropped.value)}</p>}
      {hasUpdate.value && (
        <p class="notice">
          {text.newVersion}{" "}
          <button type="button" class="inline" onClick={activateUpdate}>
            {text.reload}
          </button>
        </p>
      )}
    </div>
  );
}
