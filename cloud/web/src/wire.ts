/** What the server sends: the models of docs/api.md, and the binary strip message. */

export type LinkState =
  | "absent"
  | "advertising"
  | "connecting"
  | "starting"
  | "streaming"
  | "stalled"
  | "backoff"
  | "stopped";

/** `RhythmLabel` of ecgcore/events.py, most serious first. */
export const RHYTHMS = [
  "vf",
  "asystole",
  "vt",
  "complete_avb",
  "pause",
  "nsvt",
  "mobitz2",
  "2to1",
  "afib",
  "aflutter",
  "svt",
  "aivr",
  "mobitz1",
  "avb1",
  "bigeminy",
  "trigeminy",
  "triplet",
  "couplet",
  "junctional",
  "paced",
  "sinus_tachy",
  "sinus_brady",
  "sinus_arrhythmia",
  "sinus_rhythm",
  "undetermined",
  "noise",
  "lead_off",
] as const;
export type Rhythm = (typeof RHYTHMS)[number];

/** The latest of one patch; null means not known now. Times are UTC nanoseconds. */
export interface Numbers {
  device: string;
  boot_id: number;
  newest_ns: number;
  safe_through_ns: number;
  /** Older samples are still on their way: judged and counted from the live edge on. */
  is_preview: boolean;
  hr_bpm: number | null;
  hr_reason: string | null;
  regular: boolean | null;
  /** Base rhythm now. */
  rhythm: Rhythm | null;
  /** 0 to 1. */
  rhythm_confidence: number | null;
  rhythm_since_ns: number | null;
  /** What goes on over the base rhythm. */
  patterns: Rhythm[];
  /** Last ectopic pattern, run, pause or block since the recording began, and its begin. */
  newest_event: Rhythm | null;
  newest_event_ns: number | null;
  /** Ventricular beats since the recording began, and the like. */
  pvc: number;
  pac: number;
  pauses: number;
  /** Atrial fibrillation or flutter, seconds. */
  af_s: number;
  /** Usable share of the last 10 s, 0 to 1. */
  sqi: number;
  quality_reasons: string[];
  lead_off: boolean;
  beats: number;
  gaps: number;
  gap_samples: number;
  last_gap_reason: string | null;
}

/** What a gateway knows of one patch. */
export interface DeviceStatus {
  device: string;
  gateway: string;
  at_ns: number;
  link: LinkState;
  since_ns: number;
  model: string;
  battery_pct: number | null;
  contact: "on" | "off" | "unknown";
  rssi_dbm: number | null;
  /** Whether the gateway is at the broker. */
  uplink: boolean;
  /** Frames not yet committed by the cloud. */
  spooled_frames: number;
  oldest_uncommitted_ns: number | null;
}

export interface ServiceState {
  up: boolean;
  since_ns: number;
}

export const SERVICE_NAMES = ["broker", "engine", "database"] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
export type Services = Record<ServiceName, ServiceState>;

export type ServerMessage =
  | { type: "hello"; now_ns: number; speed: number; version: string }
  | {
      type: "subscribed";
      patient: string;
      stream: number;
      name: string;
      bed: string;
      device_id: string;
    }
  | { type: "refused"; patient: string }
  | ({ type: "numbers"; patient: string } & Numbers)
  | ({ type: "status"; patient: string } & DeviceStatus)
  | { type: "report"; patient: string; report: unknown }
  | ({ type: "services" } & Services)
  | { type: "dropped"; messages: number }
  | { type: "now"; now_ns: number };

/** `GapReason` of the wire by its number; the last one is this page's own. */
export const GAP_REASONS = [
  "none",
  "radio_loss",
  "link_lost",
  "sensor_overflow",
  "gateway_down",
  "spool_evicted",
  "missing",
  "not_shown",
] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** Samples of the first lead of one stream, counted by the patch itself. */
export interface Strip {
  stream: number;
  bootId: number;
  firstCounter: number;
  gapBefore: number;
  gapReason: GapReason;
  leadOff: boolean;
  saturated: boolean;
  fsHz: number;
  /** Millivolts of one count. */
  lsbMv: number;
  /** UTC of the first sample, ms. */
  utcMs: number;
  adc: Int16Array;
}

const HEADER_BYTES = 48;
const STRIP_KIND = 1;
const STRIP_VERSION = 1;

/** Read one strip message; throws a RangeError for anything that is not exactly one. */
export function decodeStrip(data: ArrayBuffer): Strip {
  const view = new DataView(data);
  if (view.byteLength < HEADER_BYTES) throw new RangeError(`strip of ${view.byteLength} bytes`);
  if (view.getUint8(0) !== STRIP_KIND || view.getUint8(1) !== STRIP_VERSION) {
    throw new RangeError(`strip kind ${view.getUint8(0)} version ${view.getUint8(1)}`);
  }
  const nSamples = view.getUint32(12, true);
  if (view.byteLength !== HEADER_BYTES + 2 * nSamples) {
    throw new RangeError(`strip of ${view.byteLength} bytes says ${nSamples} samples`);
  }
  const fsHz = view.getUint32(32, true) / 1000;
  if (fsHz <= 0) throw new RangeError("strip without a rate");
  const flags = view.getUint8(3);
  return {
    stream: view.getUint32(4, true),
    bootId: view.getUint32(8, true),
    firstCounter: Number(view.getBigUint64(16, true)),
    gapBefore: Number(view.getBigUint64(24, true)),
    gapReason: GAP_REASONS[view.getUint8(2)] ?? "missing",
    leadOff: (flags & 1) !== 0,
    saturated: (flags & 2) !== 0,
    fsHz,
    lsbMv: view.getUint32(36, true) * 1e-9,
    utcMs: Number(view.getBigInt64(40, true)) / 1e6,
    adc: samplesOf(view, nSamples),
  };
}

function samplesOf(view: DataView, nSamples: number): Int16Array {
  const adc = new Int16Array(nSamples);
  for (let i = 0; i < nSamples; i++) adc[i] = view.getInt16(HEADER_BYTES + 2 * i, true);
  return adc;
}
