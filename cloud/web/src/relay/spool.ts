/**
 * The phone's log of every patch: numbered at once, durable soon, freed by the cloud's word only.
 *
 * A record gets its number when the notification comes, so the order is the order of arrival. What
 * comes while a write is under way goes with the next one. A write that fails (the disk is full) is
 * tried again, and meanwhile the records wait in memory.
 */

import { encodeRecord, type LogRecord } from "./protocol";
import type { Entry, LogStore, PatchMeta } from "./store";

const RETRY_MS = 1_000;

class PatchSpool {
  private waiting: Entry[] = [];
  private writing: Promise<void> | null = null;
  /** Lowest number that is still kept. */
  first = 1;
  /** When the oldest record that is still kept came; null with none. */
  oldestMs: number | null = null;

  constructor(
    readonly meta: PatchMeta,
    private readonly spool: Spool,
  ) {}

  add(record: Omit<LogRecord, "number" | "device">): Entry {
    const { device, next } = this.meta;
    const bytes = encodeRecord({ ...record, device, number: next });
    const entry = { device, number: next, utcMs: record.utcMs, bytes };
    this.waiting.push(entry);
    this.meta.next += 1;
    this.oldestMs ??= record.utcMs;
    this.write();
    return entry;
  }

  /** Store what waits, and the meta as it is now. */
  write(): void {
    this.writing ??= this.writeAll().finally(() => {
      this.writing = null;
      // What came after the last look and before this.
      if (this.waiting.length > 0) this.write();
    });
  }

  /** Resolves when everything added so far is durable. */
  async flushed(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private async writeAll(): Promise<void> {
    do {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.spool.store.append({ ...this.meta }, batch);
        this.spool.isFailing = false;
        this.spool.onStored();
      } catch (error) {
        console.warn("the store of this phone takes nothing", error);
        this.waiting = [...batch, ...this.waiting];
        this.spool.isFailing = true;
        this.spool.onStored();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    } while (this.waiting.length > 0);
  }
}

export class Spool {
  private readonly patches = new Map<string, PatchSpool>();
  /** Whether the last write did not succeed. */
  isFailing = false;
  /** Called after each write. */
  onStored: () => void = () => {};

  private constructor(
    readonly store: LogStore,
    /** A lasting name of this phone's store. */
    readonly phone: string,
  ) {}

  /** Open the log; a link that the page did not see the end of, because it was closed, gets it. */
  static async open(store: LogStore, now: () => [monotonicMs: number, utcMs: number]) {
    const spool = new Spool(store, await store.phone());
    for (const meta of await store.patches()) {
      const patch = new PatchSpool(meta, spool);
      const [oldest] = await store.after(meta.device, 0, 1);
      patch.first = oldest?.number ?? meta.next;
      patch.oldestMs = oldest?.utcMs ?? null;
      spool.patches.set(meta.device, patch);
      const [monotonicMs, utcMs] = now();
      if (meta.isLinked) spool.linkEnded(meta.device, monotonicMs, utcMs);
    }
    return spool;
  }

  get metas(): PatchMeta[] {
    return [...this.patches.values()].map((patch) => patch.meta);
  }

  /** Lowest number kept and next number of a patch. */
  bounds(device: string): [first: number, next: number] {
    const patch = this.patches.get(device);
    return patch ? [patch.first, patch.meta.next] : [1, 1];
  }

  /** When the oldest record came that is not yet safe; null: everything is. */
  get oldestMs(): number | null {
    const times = [...this.patches.values()].flatMap((patch) => patch.oldestMs ?? []);
    return times.length > 0 ? Math.min(...times) : null;
  }

  get nKept(): number {
    return [...this.patches.values()].reduce((sum, { meta, first }) => sum + meta.next - first, 0);
  }

  /** Note a new link; gives its number. */
  linkMade(device: string, name: string): number {
    const known = this.patches.get(device);
    const meta = known?.meta ?? { device, name, next: 1, links: 0, isLinked: false };
    const patch = known ?? new PatchSpool(meta, this);
    this.patches.set(device, patch);
    meta.name = name;
    meta.links += 1;
    meta.isLinked = true;
    patch.write();
    return meta.links;
  }

  linkEnded(device: string, monotonicMs: number, utcMs: number): void {
    const patch = this.patches.get(device);
    if (!patch?.meta.isLinked) return;
    patch.meta.isLinked = false;
    const empty = { characteristic: "", value: new Uint8Array() };
    patch.add({ kind: 2, link: patch.meta.links, monotonicMs, utcMs, ...empty });
  }

  notified(
    device: string,
    characteristic: string,
    value: Uint8Array,
    monotonicMs: number,
    utcMs: number,
  ): Entry | null {
    const patch = this.patches.get(device);
    if (!patch?.meta.isLinked) return null;
    const link = patch.meta.links;
    return patch.add({ kind: 1, link, monotonicMs, utcMs, characteristic, value });
  }

  /** Durable records beyond a number. */
  after(device: string, number: number, limit: number): Promise<Entry[]> {
    return this.store.after(device, number, limit);
  }

  /** Forget what is safe. */
  async free(device: string, through: number): Promise<void> {
    const patch = this.patches.get(device);
    if (!patch || through < patch.first) return;
    patch.first = Math.min(through + 1, patch.meta.next);
    await this.store.free(device, through);
    const [oldest] = await this.store.after(device, through, 1);
    patch.oldestMs = oldest?.utcMs ?? null;
    this.onStored();
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.patches.values()].map((patch) => patch.flushed()));
  }
}
