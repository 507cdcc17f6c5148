/** The REST calls of docs/api.md. */

import type { Localised, Report } from "./report";
import type { DeviceStatus, Numbers } from "./wire";

export interface Me {
  username: string;
  role: "patient" | "clinician" | "researcher" | "admin";
  patient_id: string | null;
}

export interface Patient {
  patient_id: string;
  name: string;
  bed: string | null;
  device_id: string | null;
}

export interface Overview {
  patient: Patient;
  numbers: Numbers | null;
  status: DeviceStatus | null;
  last_report: Report | null;
}

export interface ReportLine {
  report_id: string;
  kind: string;
  created_ns: number;
  start_ns: number;
  end_ns: number;
  headline: Localised;
}

/** Somebody did something with her data. */
export interface Access {
  number: number;
  at_ns: number;
  username: string;
  action: string;
}

/** The server answered, and said no. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

const TIMEOUT_MS = 10_000;

/** Ask for JSON; throws ApiError when refused and TypeError or DOMException when unreachable. */
async function call<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
  const request: RequestInit = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body) {
    request.body = JSON.stringify(body);
    request.headers = { "content-type": "application/json" };
  }
  const response = await fetch(`/api/v1${path}`, request);
  const json = response.headers.get("content-type")?.includes("json")
    ? await response.json()
    : null;
  if (response.ok) return json as T;
  throw new ApiError(response.status, json?.detail ?? json?.title ?? response.statusText);
}

const of = (patientId: string) => `/patients/${encodeURIComponent(patientId)}`;

export const login = (username: string, password: string) =>
  call<Me>("POST", "/login", { username, password });
export const logout = () => call<null>("POST", "/logout");
export const me = () => call<Me>("GET", "/me");
export const patients = () => call<Patient[]>("GET", "/patients");
export const overview = (patientId: string) => call<Overview>("GET", `${of(patientId)}/overview`);
export const reports = (patientId: string) =>
  call<ReportLine[]>("GET", `${of(patientId)}/reports?limit=50`);
export const accesses = (patientId: string) => call<Access[]>("GET", `${of(patientId)}/audit`);
export const askForReport = (patientId: string) => call<Report>("POST", `${of(patientId)}/reports`);
export const report = (reportId: string) =>
  call<Report>("GET", `/reports/${encodeURIComponent(reportId)}`);
export const liveTicket = async () =>
  (await call<{ ticket: string }>("POST", "/live/ticket")).ticket;
