/** This phone as the gateway of a patch: the log, the server link, the Bluetooth link. */

import { signal } from "@preact/signals";
import { FILTERS, SERVICES } from "../relay/kinds";
import { Patch, type PatchState } from "../relay/patch";
import type { Held, Request, ToPhone } from "../relay/protocol";
import { Spool } from "../relay/spool";
import { type Entry, IndexedStore } from "../relay/store";
import { Uplink } from "../relay/uplink";

const TICK_MS = 1_000;

export interface RelayView {
  /** Whether this browser can reach patches at all; null while that is not known. */
  isAble: boolean | null;
  patch: { name: string; state: PatchState; batteryPct: number | null } | null;
  /** Since when the server has been away; null while it is there. */
  awaySinceMs: number | null;
  isSignedOut: boolean;
  /** Records kept and not yet safe, and when the oldest of them came. */
  nKept: number;
  oldestMs: number | null;
  /** Whether the phone's own store takes nothing. */
  isStoreFailing: boolean;
  isAwake: boolean;
}

const NOTHING: RelayView = {
  isAble: null,
  patch: null,
  awaySinceMs: null,
  isSignedOut: false,
  nKept: 0,
  oldestMs: null,
  isStoreFailing: false,
  isAwake: false,
};

export const relay = signal<RelayView>(NOTHING);

let running: Promise<Relay> | null = null;

/** Take up what an earlier page left; the relay then lives as long as the page. */
export async function startRelay(): Promise<void> {
  const isAble = (await navigator.bluetooth?.getAvailability().catch(() => false)) ?? false;
  relay.value = { ...relay.value, isAble };
  if (isAble) running ??= Relay.open();
}

/** Have the person choose a patch; resolves without one where she chooses none. */
export async function choosePatch(): Promise<void> {
  // First, while the browser still sees that a person asked for it.
  const choosing = navigator.bluetooth?.requestDevice({
    filters: FILTERS,
    optionalServices: SERVICES,
  });
  running ??= Relay.open();
  const [device, own] = await Promise.all([choosing, running]);
  if (device) own.choose(device);
}

export async function letGo(): Promise<void> {
  (await running)?.letGo();
}

const clock = (): [number, number] => {
  const monotonicMs = performance.now();
  return [monotonicMs, performance.timeOrigin + monotonicMs];
};

class Relay {
  private readonly patches = new Map<string, Patch>();
  private uplink: Uplink | null = null;
  private wakeLock: WakeLockSentinel | null = null;
  private isScanning = false;

  private constructor(private readonly spool: Spool) {
    spool.onStored = () => {
      this.uplink?.wake();
      this.show();
    };
  }

  static async open(): Promise<Relay> {
    const own = new Relay(await Spool.open(await IndexedStore.open(), clock));
    const known = (await navigator.bluetooth?.getDevices?.().catch(() => [])) ?? [];
    for (const device of known) {
      if (own.spool.metas.some((meta) => meta.device === device.id)) own.choose(device);
    }
    if (own.spool.nKept > 0) own.goOnline();
    setInterval(() => own.tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => void own.stayAwake());
    own.show();
    return own;
  }

  choose(device: BluetoothDevice): void {
    const known = this.patches.get(device.id);
    const handlers = {
      hasGateway: () => this.uplink?.isOpen ?? false,
      onReply: (entry: Entry) => this.uplink?.sendAhead(entry),
      onChange: () => {
        void this.stayAwake();
        this.show();
      },
    };
    const patch = known ?? new Patch(device, this.spool, handlers);
    this.patches.set(device.id, patch);
    // Without it browsers may clear the store when space is short.
    void navigator.storage?.persist?.();
    this.goOnline();
    patch.want();
    this.tick();
  }

  letGo(): void {
    for (const patch of this.patches.values()) patch.letGo();
    this.patches.clear();
    this.show();
  }

  private goOnline(): void {
    this.uplink ??= new Uplink(this.spool, {
      held: () => this.held(),
      request: (message) => this.asked(message),
      onChange: () => this.show(),
    });
  }

  private held(): Held[] {
    return this.spool.metas.map(({ device, name }) => {
      const [first, next] = this.spool.bounds(device);
      return { device, name, first, next, standing: this.patches.get(device)?.standing ?? null };
    });
  }

  private asked(message: ToPhone): void {
    if (message.type === "scan") {
      this.isScanning = message.active;
      this.tick();
    } else if ("request" in message) {
      void this.carryOut(message);
    }
  }

  private async carryOut(request: Request): Promise<void> {
    const number = request.request;
    try {
      const patch = this.patches.get(request.device);
      if (!patch) throw new Error("this patch was let go of");
      this.uplink?.say({ type: "done", request: number, ...(await patch.carryOut(request)) });
    } catch (error) {
      this.uplink?.say({ type: "failed", request: number, detail: String(error), att: null });
    }
  }

  private tick(): void {
    for (const patch of this.patches.values()) {
      if (this.isScanning && patch.isOffered) this.offer(patch);
    }
    this.show();
  }

  private offer(patch: Patch): void {
    const { id: device, name, adverts } = patch;
    this.uplink?.say({ type: "seen", device, name, ...adverts.last });
  }

  /** A dark screen stops the page, and with it the patch. */
  private async stayAwake(): Promise<void> {
    const isWanted = [...this.patches.values()].some((patch) => patch.state !== "off");
    if (!isWanted) {
      await this.wakeLock?.release();
      this.wakeLock = null;
    } else if (document.visibilityState === "visible" && (this.wakeLock?.released ?? true)) {
      this.wakeLock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    }
    this.show();
  }

  private show(): void {
    const [patch] = this.patches.values();
    relay.value = {
      isAble: true,
      patch: patch ? { name: patch.name, state: patch.state, batteryPct: patch.batteryPct } : null,
      awaySinceMs: this.uplink?.awaySinceMs ?? null,
      isSignedOut: this.uplink?.isSignedOut ?? false,
      nKept: this.spool.nKept,
      oldestMs: this.spool.oldestMs,
      isStoreFailing: this.spool.isFailing,
      isAwake: this.wakeLock?.released === false,
    };
  }
}
