/** Counts of the last minutes, out of counts since the recording began. */

import type { Numbers } from "../wire";

const SPAN_MS = 5 * 60_000;

type Counts = Pick<Numbers, "pvc" | "pac" | "pauses">;

/** What came within a stretch that ends now. */
export interface Recent extends Counts {
  /** Shorter while this page has not been open for so long. */
  spanMs: number;
}

interface Sample extends Counts {
  bootId: number;
  isPreview: boolean;
  ms: number;
}

export class RecentCounts {
  private samples: Sample[] = [];

  /** Take the newest numbers; a patch that was put on anew, or was counted anew, starts afresh. */
  push(numbers: Numbers): Recent {
    const { boot_id: bootId, is_preview: isPreview, newest_ns: nowNs, pvc, pac, pauses } = numbers;
    const now = { bootId, isPreview, ms: nowNs / 1e6, pvc, pac, pauses };
    const last = this.samples.at(-1);
    if (last && !continues(last, now)) this.samples = [];
    this.samples.push(now);
    // The first one at or before the begin of the span stays.
    while (this.samples.length > 1 && (this.samples[1] as Sample).ms <= now.ms - SPAN_MS) {
      this.samples.shift();
    }
    const first = this.samples[0] as Sample;
    return {
      spanMs: now.ms - first.ms,
      pvc: pvc - first.pvc,
      pac: pac - first.pac,
      pauses: pauses - first.pauses,
    };
  }
}

function continues(last: Sample, now: Sample): boolean {
  const isCountedOn = now.pvc >= last.pvc && now.pac >= last.pac && now.pauses >= last.pauses;
  const isSameCount = last.bootId === now.bootId && last.isPreview === now.isPreview;
  return isSameCount && now.ms >= last.ms && isCountedOn;
}
