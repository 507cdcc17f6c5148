/** The relay protocol of docs/relay.md, the phone's end. */

export const VERSION = 1;
export const NOTIFICATION = 1;
export const LINK_ENDED = 2;
const HEADER_BYTES = 48;
const FLAGS_AT = 3;
const AHEAD = 1;

export interface Characteristic {
  uuid: string;
  properties: string[];
}

export interface Service {
  uuid: string;
  characteristics: Characteristic[];
}

/** A Bluetooth link the phone holds. */
export interface Standing {
  link: number;
  /** 0: the browser does not tell. */
  mtu: number;
  services: Service[];
  next: number;
  subscribed: string[];
}

/** What the phone holds of one patch. */
export interface Held {
  device: string;
  name: string;
  first: number;
  next: number;
  standing: Standing | null;
}

/** What a patch advertises beside its name, as far as the browser tells; bytes in base64. */
export interface Advertised {
  manufacturer: Record<string, string>;
  services: string[];
  service_data: Record<string, string>;
  rssi: number | null;
}

export type FromPhone =
  | {
      type: "hello";
      version: number;
      phone: string;
      utc_ns: number;
      monotonic_ns: number;
      patches: Held[];
    }
  | { type: "alive" }
  | ({ type: "seen"; device: string; name: string } & Advertised)
  | { type: "done"; request: number; value?: string; standing?: Standing }
  | { type: "failed"; request: number; detail: string; att: number | null };

interface Asked {
  request: number;
  device: string;
}

export type Request =
  | ({ type: "connect" | "disconnect" } & Asked)
  | ({ type: "read" | "subscribe" | "unsubscribe"; characteristic: string } & Asked)
  | ({ type: "write"; characteristic: string; value: string; response: boolean } & Asked);

export type ToPhone =
  | { type: "welcome"; version: number }
  | { type: "alive" }
  | { type: "resume"; device: string; after: number; safe: number; window: number }
  | { type: "progress"; device: string; safe: number; window: number }
  | { type: "scan"; active: boolean }
  | Request;

export interface LogRecord {
  kind: typeof NOTIFICATION | typeof LINK_ENDED;
  device: string;
  link: number;
  number: number;
  monotonicMs: number;
  utcMs: number;
  characteristic: string;
  value: Uint8Array;
}

/** Milliseconds with their fraction as whole nanoseconds. */
const ns = (ms: number): bigint =>
  BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1e6));

/** Give a record's bytes; throws a RangeError where a field does not fit. */
export function encodeRecord(record: LogRecord): Uint8Array<ArrayBuffer> {
  const device = new TextEncoder().encode(record.device);
  if (device.length > 255) throw new RangeError(`device name of ${device.length} bytes`);
  const bytes = new Uint8Array(HEADER_BYTES + device.length + record.value.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, record.kind);
  view.setUint8(1, VERSION);
  view.setUint8(2, device.length);
  view.setUint32(4, record.link, true);
  view.setBigUint64(8, BigInt(record.number), true);
  view.setBigUint64(16, ns(record.monotonicMs), true);
  view.setBigUint64(24, ns(record.utcMs), true);
  bytes.set(uuidBytes(record.characteristic), 32);
  bytes.set(device, HEADER_BYTES);
  bytes.set(record.value, HEADER_BYTES + device.length);
  return bytes;
}

/** The same record, marked as sent before its turn. */
export function ahead(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const marked = bytes.slice();
  marked[FLAGS_AT] = AHEAD;
  return marked;
}

function uuidBytes(uuid: string): Uint8Array {
  const hex = uuid.replaceAll("-", "").padEnd(32, "0");
  return Uint8Array.from({ length: 16 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
