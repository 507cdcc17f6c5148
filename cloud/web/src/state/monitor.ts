/** Everything live: one connection, and what it last said of each patient. */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type * as api from "../api";
import { LiveClient } from "../live";
import type { Report } from "../report";
import { meter } from "../strip/figures";
import { StripSource } from "../strip/source";
import type { DeviceStatus, LinkState, Numbers, ServerMessage, Services, Strip } from "../wire";
import { judge, type Known, linkNow, type View } from "./judge";
import { type Recent, RecentCounts } from "./recent";
import { session } from "./session";

const TICK_MS = 500;

/** The page's own connection; null before the first attempt has ended. */
export const connection = signal<{ isUp: boolean; sinceMs: number } | null>(null);
export const services = signal<Services | null>(null);
/** How many messages this page was too slow for, since it was opened. */
export const dropped = signal(0);
/** UTC of the server, twice a second. */
export const nowMs = signal(Date.now());

/** One patient as the pages see it. */
export class Monitored {
  readonly numbers: Signal<Numbers | null> = signal(null);
  readonly recent: Signal<Recent | null> = signal(null);
  readonly status: Signal<DeviceStatus | null> = signal(null);
  readonly report: Signal<Report | null> = signal(null);
  readonly isSubscribed = signal(false);
  readonly source = new StripSource();
  private readonly known: ReadonlySignal<Known> = computed(() => ({
    numbers: this.numbers.value,
    status: this.status.value,
    isSubscribed: this.isSubscribed.value,
    isConnected: connection.value?.isUp ?? true,
    services: services.value,
    nowMs: nowMs.value,
    speed: client.clock.speed,
  }));
  readonly view: ReadonlySignal<View> = computed(() => judge(this.known.value));
  /** The state of the patch's link; null when nobody can tell now. */
  readonly link: ReadonlySignal<LinkState | null> = computed(() => linkNow(this.known.value));

  private readonly counts = new RecentCounts();

  constructor(readonly patient: api.Patient) {}

  takeNumbers(numbers: Numbers): void {
    this.recent.value = this.counts.push(numbers);
    this.numbers.value = numbers;
  }
}

const monitored = new Map<string, Monitored>();
const byStream = new Map<number, Monitored>();

const client = new LiveClient({
  onOpen: () => {
    connection.value = { isUp: true, sinceMs: Date.now() };
    for (const each of monitored.values()) each.isSubscribed.value = false;
    byStream.clear();
  },
  onClosed: (signedOut) => {
    if (connection.value?.isUp !== false) connection.value = { isUp: false, sinceMs: Date.now() };
    services.value = null;
    if (signedOut) session.value = { is: "out" };
  },
  onMessage: (message) => meter.busy(() => take(message)),
  onStrip: (strip) => meter.busy(() => takeStrip(strip)),
});

/** Milliseconds on the clock that the strips run by. */
export function streamMs(): number {
  return performance.now() * client.clock.speed;
}

/** Connect, and keep the pages' clock running. Gives back how to end both. */
export function startMonitor(): () => void {
  client.start();
  const timer = setInterval(() => {
    nowMs.value = client.clock.nowMs(performance.now());
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    client.stop();
  };
}

/** Follow these patients, and give what is known of them. */
export function monitor(patients: readonly api.Patient[]): Monitored[] {
  client.follow(patients.map((patient) => patient.patient_id));
  return patients.map((patient) => {
    const found = monitored.get(patient.patient_id) ?? new Monitored(patient);
    monitored.set(patient.patient_id, found);
    return found;
  });
}

function take(message: ServerMessage): void {
  if (message.type === "services") services.value = message;
  if (message.type === "dropped") dropped.value += message.messages;
  if (!("patient" in message)) return;
  const patient = monitored.get(message.patient);
  if (!patient) return;
  if (message.type === "numbers") patient.takeNumbers(message);
  if (message.type === "status") patient.status.value = message;
  if (message.type === "report") patient.report.value = message.report as Report;
  if (message.type === "subscribed") {
    patient.isSubscribed.value = true;
    patient.source.stream = message.stream;
    byStream.set(message.stream, patient);
  }
}

function takeStrip(strip: Strip): void {
  byStream.get(strip.stream)?.source.push(strip, streamMs());
}
