/** Who sits in front of the page. */

import { signal } from "@preact/signals";
import * as api from "../api";

export type Session =
  | { is: "loading" }
  | { is: "out" }
  | { is: "unreachable"; sinceMs: number }
  | { is: "in"; me: api.Me; patients: api.Patient[] };

export const session = signal<Session>({ is: "loading" });

const RETRY_MS = 3_000;

/** Find out who is signed in; an unreachable server is asked again until it answers. */
export async function findSession(): Promise<void> {
  try {
    const me = await api.me();
    session.value = { is: "in", me, patients: await api.patients() };
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) {
      session.value = { is: "out" };
      return;
    }
    const now = session.value;
    session.value = now.is === "unreachable" ? now : { is: "unreachable", sinceMs: Date.now() };
    setTimeout(() => void findSession(), RETRY_MS);
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  const me = await api.login(username, password);
  session.value = { is: "in", me, patients: await api.patients() };
}

/** Leave; loading the page anew makes sure that nothing of the patient stays in memory. */
export async function signOut(): Promise<void> {
  await api.logout();
  location.replace("/");
}
