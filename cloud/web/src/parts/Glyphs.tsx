/** Small signs, always beside or with words. */

import type { LinkState } from "../wire";

interface BatteryProps {
  pct: number | null;
  label: string;
}

export function Battery({ pct, label }: BatteryProps) {
  const width = 16 * ((pct ?? 0) / 100);
  return (
    <svg class="glyph" viewBox="0 0 26 16" width="26" height="16" role="img" aria-label={label}>
      <title>{label}</title>
      <rect x="1" y="2" width="20" height="12" rx="3" class="glyph-line" />
      <rect x="22.5" y="6" width="2" height="4" rx="1" class="glyph-fill" />
      <rect x="3" y="4" width={width} height="8" rx="1.5" class="glyph-fill" />
      {pct === null && <path d="M7 12 15 4" class="glyph-line" />}
    </svg>
  );
}

interface LinkProps {
  state: LinkState | null;
  label: string;
}

/** Three arcs: all for a stream, fewer for less, struck through for none. */
export function Link({ state, label }: LinkProps) {
  const arcs = state === "streaming" ? 3 : state === "starting" || state === "stalled" ? 2 : 1;
  const isCut = state === null || state === "absent" || state === "backoff" || state === "stopped";
  return (
    <svg class="glyph" viewBox="0 0 20 16" width="20" height="16" role="img" aria-label={label}>
      <title>{label}</title>
      <circle cx="10" cy="13" r="1.8" class="glyph-fill" />
      <path d="M6.5 9.6a5 5 0 0 1 7 0" class={arcs > 1 ? "glyph-line" : "glyph-faint"} />
      <path d="M3.5 6.4a9.5 9.5 0 0 1 13 0" class={arcs > 2 ? "glyph-line" : "glyph-faint"} />
      {isCut && <path d="M3 2 17 14" class="glyph-line" />}
    </svg>
  );
}

/** The shape and letter of a dimension of ECGomics. */
export function DimensionMark({ dim, label }: { dim: "S" | "I" | "F" | "C"; label: string }) {
  const shapes = {
    S: "M3 3h10v10H3z",
    I: "M3 13V9M8 13V3M13 13V6",
    F: "M1 8c2-7 5-7 7 0s5 7 7 0",
    C: "M2 5h12l-3-3M14 11H2l3 3",
  };
  return (
    <span class="dimension">
      <svg class="glyph" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={shapes[dim]} class="glyph-line" />
      </svg>
      {dim} {label}
    </span>
  );
}
