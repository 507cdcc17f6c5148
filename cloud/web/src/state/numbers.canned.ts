/** Numbers for tests: a quiet patient, with what is wanted changed. */

import type { Numbers } from "../wire";

export const NOW_NS = 1.7e18;
export const secondsAgo = (seconds: number): number => NOW_NS - seconds * 1e9;

export const numbersOf = (change: Partial<Numbers> = {}): Numbers => ({
  device: "polar-h10-0A1B2C3D",
  boot_id: 7,
  is_preview: false,
  newest_ns: NOW_NS,
  safe_through_ns: NOW_NS,
  hr_bpm: 72,
  hr_reason: null,
  regular: true,
  rhythm: "sinus_rhythm",
  rhythm_confidence: 0.95,
  rhythm_since_ns: secondsAgo(600),
  patterns: [],
  newest_event: null,
  newest_event_ns: null,
  pvc: 0,
  pac: 0,
  pauses: 0,
  af_s: 0,
  sqi: 1,
  quality_reasons: [],
  lead_off: false,
  beats: 700,
  gaps: 0,
  gap_samples: 0,
  last_gap_reason: null,
  ...change,
});
