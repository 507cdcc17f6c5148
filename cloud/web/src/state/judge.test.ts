import { expect, test } from "vitest";
import type { DeviceStatus, Numbers, Services } from "../wire";
import { isMonitored, judge, type Known } from "./judge";

const NOW_MS = 1_700_000_000_000;
const up = { up: true, since_ns: 0 };
const services: Services = { broker: up, engine: up, database: up };
const status = { link: "streaming", at_ns: NOW_MS * 1e6 } as DeviceStatus;

const aged = (ageMs: number): Known => ({
  numbers: { newest_ns: (NOW_MS - ageMs) * 1e6 } as Numbers,
  status,
  isSubscribed: true,
  isConnected: true,
  services,
  nowMs: NOW_MS,
  speed: 1,
});

test.each([
  [0, "live", true],
  [5_000, "live", true],
  [5_001, "stale", true],
  [15_001, "lost", false],
])("a newest sample of %d ms ago is %s", (ageMs, is, monitored) => {
  const view = judge(aged(ageMs));
  expect(view.is).toBe(is);
  expect(isMonitored(view)).toBe(monitored);
});

test("a server ahead of the patch makes no negative age", () => {
  expect(judge(aged(-300))).toEqual({ is: "live", ageMs: 0 });
});

test("at ten times the speed ten times the age is as fresh", () => {
  expect(judge({ ...aged(40_000), speed: 10 }).is).toBe("live");
});

test("before the hub has answered nothing is said", () => {
  const known = { ...aged(0), numbers: null, isSubscribed: false };
  expect(judge(known)).toEqual({ is: "loading" });
  expect(judge({ ...known, isSubscribed: true })).toEqual({ is: "none", why: "wait" });
});

test.each([
  ["page_offline", { isConnected: false }],
  ["engine", { services: { ...services, engine: { up: false, since_ns: 1 } } }],
  ["wait", { status: null }],
  ["gateway", { status: { ...status, at_ns: (NOW_MS - 11_000) * 1e6 } }],
  ["gateway", { status: { ...status, uplink: false } }],
  ["backoff", { status: { ...status, link: "backoff" as const } }],
  ["wait", {}],
])("the nearest reason is told: %s", (why, change) => {
  expect(judge({ ...aged(20_000), ...change })).toMatchObject({ is: "lost", why });
});
