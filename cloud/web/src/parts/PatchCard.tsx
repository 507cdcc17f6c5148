/** This phone as the patch's gateway: connect, and plainly what is linked, stored and safe. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { choosePatch, letGo, type RelayView, relay, startRelay } from "../state/relay";
import { clockTime, words } from "../words";

function Row({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function serverText({ awaySinceMs, isSignedOut }: RelayView): string {
  const text = words.value.relay;
  if (isSignedOut) return text.signedOut;
  return awaySinceMs === null ? text.serverThere : text.serverAway(clockTime(awaySinceMs));
}

function storedText({ nKept, oldestMs, isStoreFailing }: RelayView): string {
  const text = words.value.relay;
  if (isStoreFailing) return text.storeFails;
  if (nKept === 0 || oldestMs === null) return text.allSafe;
  return text.notSafe(Math.max(0, Math.round((Date.now() - oldestMs) / 1e3)).toString());
}

function Facts({ view }: { view: RelayView }) {
  const text = words.value;
  const { patch } = view;
  const pct = patch?.batteryPct ?? null;
  return (
    <dl class="evidence">
      {patch && <Row name={patch.name || text.patch} value={text.relay.states[patch.state]} />}
      {patch && <Row name={text.battery} value={pct === null ? text.batteryUnknown : `${pct} %`} />}
      <Row name={text.relay.server} value={serverText(view)} />
      <Row name={text.relay.onThisPhone} value={storedText(view)} />
    </dl>
  );
}

export function PatchCard() {
  const text = words.value;
  const view = relay.value;
  const failure = useSignal<string | null>(null);
  useEffect(() => void startRelay(), []);
  const choose = async () => {
    failure.value = null;
    try {
      await choosePatch();
    } catch (error) {
      // Closing the browser's list without a choice is no failure.
      const isChoice = error instanceof DOMException && error.name === "NotFoundError";
      failure.value = isChoice ? null : text.failed(text.relay.connect, String(error));
    }
  };
  if (view.isAble === null) return null;
  return (
    <section class="patch-card">
      <h2>{text.relay.title}</h2>
      {!view.isAble && <p class="quiet">{text.relay.notAble}</p>}
      {view.isAble && (view.patch || view.nKept > 0) && <Facts view={view} />}
      {failure.value && (
        <p class="failure" role="alert">
          {failure.value}
        </p>
      )}
      {view.isAble && !view.patch && (
        <button type="button" class="primary big" onClick={() => void choose()}>
          {text.relay.connect}
        </button>
      )}
      {view.patch && (
        <button type="button" onClick={() => void letGo()}>
          {text.relay.letGo}
        </button>
      )}
      {view.isAble && <p class="quiet">{text.relay.limits}</p>}
      {view.patch && !view.isAwake && <p class="hint">{text.relay.notAwake}</p>}
    </section>
  );
}
