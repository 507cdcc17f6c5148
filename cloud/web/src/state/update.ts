/** The service worker: a new version of the pages waits until it is asked for. */

import { signal } from "@preact/signals";

export const hasUpdate = signal(false);

let waiting: ServiceWorker | null = null;

export async function registerWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const registration = await navigator.serviceWorker.register("/sw.js");
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const fresh = registration.installing;
    fresh?.addEventListener("statechange", () => {
      if (fresh.state === "installed" && navigator.serviceWorker.controller) offer(fresh);
    });
  });
}

/** Change over to the new version; the page starts again. */
export function activateUpdate(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  waiting?.postMessage("activate");
}

function offer(worker: ServiceWorker | null): void {
  waiting = worker;
  hasUpdate.value = worker !== null;
}
