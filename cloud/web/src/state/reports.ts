/** A patient's reports: the list, the one that is open, and asking for a new one. */

import { computed, effect, type Signal, signal } from "@preact/signals";
import * as api from "../api";
import type { Report } from "../report";
import { words } from "../words";
import type { Monitored } from "./monitor";

/** A load that may be under way, have failed, or be there. */
export interface Loaded<T> {
  value: T | null;
  failure: string | null;
}

const EMPTY = { value: null, failure: null };

export class Reports {
  readonly lines: Signal<Loaded<api.ReportLine[]>> = signal(EMPTY);
  readonly open: Signal<Loaded<Report> | null> = signal(null);
  readonly isMaking = signal(false);
  readonly makingFailure: Signal<string | null> = signal(null);
  /** End following the patient. */
  readonly stop: () => void;

  constructor(private readonly patient: Monitored) {
    const newestId = computed(() => patient.report.value?.report_id);
    // Every report that is stored comes by the live connection: the list follows.
    this.stop = effect(() => {
      void newestId.value;
      void this.load();
    });
  }

  async load(): Promise<void> {
    try {
      this.lines.value = { value: await api.reports(this.patientId), failure: null };
    } catch (error) {
      const failure = words.peek().failed(words.peek().tabReports, said(error));
      this.lines.value = { value: this.lines.peek().value, failure };
    }
  }

  async show(reportId: string): Promise<void> {
    this.open.value = EMPTY;
    try {
      this.open.value = { value: await api.report(reportId), failure: null };
    } catch (error) {
      const failure = words.peek().failed(words.peek().reportLoading, said(error));
      this.open.value = { value: null, failure };
    }
  }

  close(): void {
    this.open.value = null;
  }

  /** Have the last minute reported now, and open it. */
  async make(): Promise<void> {
    this.isMaking.value = true;
    this.makingFailure.value = null;
    try {
      const report = await api.askForReport(this.patientId);
      this.open.value = { value: report, failure: null };
      await this.load();
    } catch (error) {
      this.makingFailure.value = words.peek().failed(words.peek().reportFailed, said(error));
    } finally {
      this.isMaking.value = false;
    }
  }

  private get patientId(): string {
    return this.patient.patient.patient_id;
  }
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error));
