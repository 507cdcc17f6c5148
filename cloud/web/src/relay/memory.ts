/** A store without disk, for tests: what was appended survives a new spool, as a page's does. */

import type { Entry, LogStore, PatchMeta } from "./store";

export class MemoryStore implements LogStore {
  readonly metas = new Map<string, PatchMeta>();
  entries: Entry[] = [];
  isFull = false;
  /** Writes so far. */
  nAppends = 0;

  async phone(): Promise<string> {
    return "phone";
  }

  async patches(): Promise<PatchMeta[]> {
    return [...this.metas.values()].map((meta) => ({ ...meta }));
  }

  async append(meta: PatchMeta, entries: readonly Entry[]): Promise<void> {
    await Promise.resolve();
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.nAppends += 1;
    this.metas.set(meta.device, { ...meta });
    this.entries.push(...entries);
  }

  async after(device: string, number: number, limit: number): Promise<Entry[]> {
    return this.entries
      .filter((entry) => entry.device === device && entry.number > number)
      .slice(0, limit);
  }

  async free(device: string, through: number): Promise<void> {
    this.entries = this.entries.filter(
      (entry) => entry.device !== device || entry.number > through,
    );
  }
}
