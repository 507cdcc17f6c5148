/** The report, as ecgcore/report.py gives it: the parts of it that the pages show. */

import type { Language } from "./state/preferences";

export type Localised = Record<Language, string>;
export type Dimension = "S" | "I" | "F" | "C";

export interface Measurement {
  key: string;
  value: number | null;
  /** Of a class or a text. */
  text?: string | null;
  /** UCUM. */
  unit: string;
  dim: Dimension;
  n: number;
  ref_low: number | null;
  ref_high: number | null;
  flag: "L" | "N" | "H" | null;
  null_reason: string | null;
}

export interface Statement {
  id: string;
  text: Localised;
  certainty: string;
  start_ns: number;
  end_ns: number;
  strip_ids: string[];
}

export interface ReportStrip {
  id: string;
  lead: string;
  start_ns: number;
  fs_hz: number;
  lsb_pv: number;
  samples: number[];
}

export interface Report {
  report_id: string;
  kind: string;
  status: string;
  created_ns: number;
  patient_ref: string;
  recording: {
    start_ns: number;
    end_ns: number;
    wall_s: number;
    analysable_s: number;
    gaps: { start_ns: number; duration_s: number; reason: string }[];
  };
  quality: { sqi: number; n_beats: number; reasons: string[] };
  algorithm: { name: string; version: string; params_digest: string };
  measurements: Measurement[];
  statements: Statement[];
  strips: ReportStrip[];
  narrative: { headline: Localised; patient: Localised; clinician: Localised };
  confirmation: { who: string; when_ns: number } | null;
  disclaimers: Localised[];
}
