/**
 * One patch over Web Bluetooth: the link, kept up, and what the gateway asks for on it.
 *
 * States: `off` (never connected, or let go of) -> `connecting` -> `linked` -> `lost` (waiting for the
 * next attempt) -> `connecting` ... The gateway asks for the first link. A link that was lost is made
 * again by the page itself, with the subscriptions and writes the gateway had asked for on the old
 * one, so that an outage of the server costs nothing even when the patch was out of reach meanwhile.
 */

import { backoffMs } from "../backoff";
import { Adverts } from "./adverts";
import { fromBase64, type Request, type Service, type Standing, toBase64 } from "./protocol";
import type { Spool } from "./spool";
import type { Entry } from "./store";

export type PatchState = "off" | "connecting" | "linked" | "lost";

/** So many writes are repeated on a new link; a longer setup needs its gateway. */
const MOST_REPEATED = 32;
const BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb";
const PROPERTIES = [
  ["read", "read"],
  ["write", "write"],
  ["writeWithoutResponse", "write-without-response"],
  ["notify", "notify"],
  ["indicate", "indicate"],
] as const;

type Write = Extract<Request, { type: "write" }>;
type Listen = Extract<Request, { type: "read" | "subscribe" | "unsubscribe" }>;
type Setup = Write | Listen;

interface Heard {
  bytes: Uint8Array;
  monotonicMs: number;
}

const bytesOf = (view: DataView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

export class Patch {
  state: PatchState = "off";
  /** As the patch last told; null before. */
  batteryPct: number | null = null;
  private characteristics = new Map<string, BluetoothRemoteGATTCharacteristic>();
  private services: Service[] = [];
  private readonly subscribed = new Set<string>();
  /** What it advertises. */
  readonly adverts: Adverts;
  private readonly writtenTo = new Set<string>();
  private readonly reading = new Map<string, Heard[]>();
  private setup: Setup[] = [];
  private link = 0;
  private isWanted = false;
  private attempt = 0;
  private connecting: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly device: BluetoothDevice,
    private readonly spool: Spool,
    private readonly handlers: {
      /** Whether the gateway is there to set the patch up. */
      hasGateway(): boolean;
      onChange(): void;
      /** What may answer a write of the gateway; it must not wait behind a long log. */
      onReply(entry: Entry): void;
    },
  ) {
    this.adverts = new Adverts(device);
    device.addEventListener("gattserverdisconnected", () => this.ended());
  }

  get id(): string {
    return this.device.id;
  }

  get name(): string {
    return this.device.name ?? "";
  }

  /** The link as the gateway is told of it; null without one. */
  get standing(): Standing | null {
    if (this.state !== "linked") return null;
    const [, next] = this.spool.bounds(this.id);
    const subscribed = [...this.subscribed];
    return { link: this.link, mtu: 0, services: this.services, next, subscribed };
  }

  /** Whether it is to be linked, and the gateway has to be told that it is there. */
  get isOffered(): boolean {
    return this.isWanted && this.state === "lost" && this.connecting === null;
  }

  /** Offer the patch to the gateway. */
  want(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    this.move("lost");
  }

  /** Let go of the patch until somebody asks for it again. */
  letGo(): void {
    this.isWanted = false;
    this.setup = [];
    clearTimeout(this.timer);
    this.device.gatt?.disconnect();
    this.ended();
    this.move("off");
  }

  /** Carry out a request; throws what the browser says where it cannot. */
  async carryOut(request: Request): Promise<{ value?: string; standing?: Standing }> {
    switch (request.type) {
      case "connect": {
        this.isWanted = true;
        // The gateway sets a new link up itself.
        if (this.state !== "linked") this.setup = [];
        await this.connect();
        const standing = this.standing;
        if (!standing) throw new Error("link lost");
        return { standing };
      }
      case "disconnect":
        // The person still wants it: it is offered again.
        this.setup = [];
        this.device.gatt?.disconnect();
        this.ended();
        return {};
      case "read":
        return { value: toBase64(await this.read(this.found(request.characteristic))) };
      case "write":
        await this.write(request);
        return {};
      case "subscribe":
        await this.subscribe(request);
        return {};
      case "unsubscribe":
        this.subscribed.delete(request.characteristic);
        this.setup = this.setup.filter(
          (each) => each.type !== "subscribe" || each.characteristic !== request.characteristic,
        );
        await this.found(request.characteristic).stopNotifications();
        return {};
    }
  }

  /** A read fires the event of a notification too: exactly one such is not logged. */
  private async read(characteristic: BluetoothRemoteGATTCharacteristic): Promise<Uint8Array> {
    const { uuid } = characteristic;
    const meanwhile: Heard[] = [];
    this.reading.set(uuid, meanwhile);
    try {
      const value = bytesOf(await characteristic.readValue());
      const own = meanwhile.findLastIndex((each) => isSame(each.bytes, value));
      if (own >= 0) meanwhile.splice(own, 1);
      return value;
    } finally {
      this.reading.delete(uuid);
      for (const heard of meanwhile) this.log(uuid, heard);
    }
  }

  private async write(request: Write): Promise<void> {
    const characteristic = this.found(request.characteristic);
    const value = fromBase64(request.value);
    this.remember(request);
    this.writtenTo.add(request.characteristic);
    await (request.response
      ? characteristic.writeValueWithResponse(value)
      : characteristic.writeValueWithoutResponse(value));
  }

  private async subscribe(request: Listen): Promise<void> {
    const uuid = request.characteristic;
    if (this.subscribed.has(uuid)) return;
    const characteristic = this.found(uuid);
    this.remember(request);
    // Before the answer: the first notification may come with it.
    this.subscribed.add(uuid);
    try {
      await characteristic.startNotifications();
    } catch (error) {
      this.subscribed.delete(uuid);
      throw error;
    }
  }

  private remember(request: Setup): void {
    this.setup = [...this.setup.filter((each) => each !== request), request].slice(-MOST_REPEATED);
  }

  private connect(): Promise<void> {
    if (this.state === "linked") return Promise.resolve();
    clearTimeout(this.timer);
    this.connecting ??= this.makeLink().finally(() => {
      this.connecting = null;
    });
    return this.connecting;
  }

  private async makeLink(): Promise<void> {
    const gatt = this.device.gatt;
    if (!gatt) throw new Error("no GATT");
    this.move("connecting");
    try {
      await gatt.connect();
      await this.discover(gatt);
      if (!gatt.connected) throw new Error("link lost");
    } catch (error) {
      gatt.disconnect();
      this.move(this.isWanted ? "lost" : "off");
      throw error;
    }
    this.attempt = 0;
    this.subscribed.clear();
    this.link = this.spool.linkMade(this.id, this.name);
    this.move("linked");
  }

  private async discover(gatt: BluetoothRemoteGATTServer): Promise<void> {
    this.characteristics = new Map();
    this.services = [];
    for (const service of await gatt.getPrimaryServices()) {
      const found = await service.getCharacteristics();
      for (const each of found) this.listen(each);
      this.services.push({
        uuid: service.uuid,
        characteristics: found.map(({ uuid, properties }) => ({
          uuid,
          properties: PROPERTIES.filter(([key]) => properties[key]).map(([, name]) => name),
        })),
      });
    }
  }

  private listen(characteristic: BluetoothRemoteGATTCharacteristic): void {
    const { uuid } = characteristic;
    if (this.characteristics.has(uuid)) return;
    this.characteristics.set(uuid, characteristic);
    characteristic.addEventListener("characteristicvaluechanged", () => {
      const isOurs = this.characteristics.get(uuid) === characteristic;
      if (!characteristic.value || !isOurs || !this.subscribed.has(uuid)) return;
      const heard = { bytes: bytesOf(characteristic.value), monotonicMs: performance.now() };
      const reading = this.reading.get(uuid);
      if (reading) reading.push(heard);
      else this.log(uuid, heard);
    });
  }

  private log(uuid: string, { bytes, monotonicMs }: Heard): void {
    if (uuid === BATTERY_LEVEL) this.batteryPct = bytes[0] ?? null;
    const utcMs = performance.timeOrigin + monotonicMs;
    const entry = this.spool.notified(this.id, uuid, bytes, monotonicMs, utcMs);
    if (entry && this.writtenTo.has(uuid)) this.handlers.onReply(entry);
  }

  private found(uuid: string): BluetoothRemoteGATTCharacteristic {
    const characteristic = this.characteristics.get(uuid);
    if (this.state !== "linked" || !characteristic) throw new Error(`no ${uuid} here`);
    return characteristic;
  }

  private ended(): void {
    if (this.state !== "linked") return;
    const monotonicMs = performance.now();
    this.spool.linkEnded(this.id, monotonicMs, performance.timeOrigin + monotonicMs);
    this.subscribed.clear();
    this.move("lost");
    this.tryAgain();
  }

  private tryAgain(): void {
    if (!this.isWanted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.again(), backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }

  /** While the gateway is there it asks for the new link itself. */
  private async again(): Promise<void> {
    if (!this.isWanted || this.state === "linked") return;
    if (!this.handlers.hasGateway()) {
      try {
        await this.connect();
        for (const request of [...this.setup]) await this.carryOut(request);
        return;
      } catch (error) {
        console.info("patch not back yet", error);
        if (this.standing) {
          // Half set up is not set up.
          this.device.gatt?.disconnect();
          return;
        }
      }
    }
    this.tryAgain();
  }

  private move(state: PatchState): void {
    this.state = state;
    this.handlers.onChange();
  }
}
