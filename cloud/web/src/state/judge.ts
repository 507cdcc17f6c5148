/** What can be said of a patient now: live, stale, lost, or nothing yet, and why. */

import type { DeviceStatus, LinkState, Numbers, ServiceName, Services } from "../wire";
import { SERVICE_NAMES } from "../wire";

export const STALE_AFTER_MS = 5_000;
export const LOST_AFTER_MS = 15_000;
const GATEWAY_SILENT_MS = 10_000;

/** Why nothing new comes. */
export type Why =
  | "page_offline"
  | ServiceName
  | Exclude<LinkState, "streaming">
  | "gateway"
  | "wait";

export type View =
  | { is: "loading" }
  | { is: "none"; why: Why }
  | { is: "live"; ageMs: number }
  /** Numbers of a while ago: shown grey. */
  | { is: "stale"; ageMs: number; sinceMs: number; why: Why }
  /** Too old to be shown. */
  | { is: "lost"; ageMs: number; sinceMs: number; why: Why };

export interface Known {
  numbers: Numbers | null;
  status: DeviceStatus | null;
  isSubscribed: boolean;
  isConnected: boolean;
  services: Services | null;
  /** UTC of the server. */
  nowMs: number;
  /** How fast the server's clock runs against ours. */
  speed: number;
}

/** Judge by the age of the newest sample; nothing else decides whether a patient is live. */
export function judge(known: Known): View {
  const { numbers, nowMs, speed } = known;
  if (!numbers) {
    return known.isSubscribed || !known.isConnected
      ? { is: "none", why: whyNot(known) }
      : { is: "loading" };
  }
  const sinceMs = numbers.newest_ns / 1e6;
  const ageMs = Math.max(0, nowMs - sinceMs);
  if (ageMs / speed <= STALE_AFTER_MS) return { is: "live", ageMs };
  const is = ageMs / speed <= LOST_AFTER_MS ? "stale" : "lost";
  return { is, ageMs, sinceMs, why: whyNot(known) };
}

/** Whether nobody looks after this patient's signal: loud on the wall. */
export function isMonitored(view: View): boolean {
  return view.is === "live" || view.is === "stale";
}

/** Give the link's state as the gateway tells it; null while this page or the gateway is silent. */
export function linkNow({ isConnected, status, nowMs, speed }: Known): LinkState | null {
  if (!isConnected || !status || status.uplink === false) return null;
  return (nowMs - status.at_ns / 1e6) / speed > GATEWAY_SILENT_MS ? null : status.link;
}

function whyNot(known: Known): Why {
  const { isConnected, services, status } = known;
  if (!isConnected) return "page_offline";
  const down = SERVICE_NAMES.find((name) => services && !services[name].up);
  if (down) return down;
  if (!status) return "wait";
  const link = linkNow(known);
  if (link === null) return "gateway";
  return link === "streaming" ? "wait" : link;
}
