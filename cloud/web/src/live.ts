/**
 * The WebSocket to the hub.
 *
 * States: `connecting` (fetching a ticket, opening) -> `open` (hello heard) -> `closed` (waiting
 * for the next attempt) -> `connecting` ...; `stop()` ends it for good. Every opening fetches a
 * new ticket and subscribes again to all that is wanted. A connection on which nothing has
 * arrived for 12 s (the server speaks every 5 s) is given up.
 */

import { ApiError, liveTicket } from "./api";
import { backoffMs } from "./backoff";
import { ServerClock } from "./clock";
import { decodeStrip, type ServerMessage, type Strip } from "./wire";

const SILENCE_MS = 12_000;

export interface LiveHandlers {
  onOpen(): void;
  /** The connection is gone; `signedOut` when the server no longer knows the session. */
  onClosed(signedOut: boolean): void;
  onMessage(message: ServerMessage): void;
  onStrip(strip: Strip): void;
}

export class LiveClient {
  readonly clock = new ServerClock();
  private readonly wanted = new Set<string>();
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly handlers: LiveHandlers) {}

  start(): void {
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close();
  }

  /** Follow exactly these patients. */
  follow(patients: readonly string[]): void {
    const next = new Set(patients);
    const gone = [...this.wanted].filter((patient) => !next.has(patient));
    const fresh = patients.filter((patient) => !this.wanted.has(patient));
    this.wanted.clear();
    for (const patient of patients) this.wanted.add(patient);
    if (gone.length > 0) this.send({ type: "unsubscribe", patients: gone });
    if (fresh.length > 0) this.send({ type: "subscribe", patients: fresh, strips: true });
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private async connect(): Promise<void> {
    try {
      const ticket = await liveTicket();
      if (this.stopped) return;
      this.open(ticket);
    } catch (error) {
      const signedOut = error instanceof ApiError && error.status === 401;
      this.retry(signedOut);
    }
  }

  private open(ticket: string): void {
    const url = new URL(`/live?ticket=${encodeURIComponent(ticket)}`, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
    this.watchSilence(socket);
  }

  private receive(data: string | ArrayBuffer): void {
    if (this.socket) this.watchSilence(this.socket);
    if (typeof data !== "string") {
      this.handlers.onStrip(decodeStrip(data));
      return;
    }
    const message = JSON.parse(data) as ServerMessage;
    if (message.type === "hello") this.opened(message.now_ns / 1e6, message.speed);
    if (message.type === "now") this.clock.heard(message.now_ns / 1e6, performance.now());
    this.handlers.onMessage(message);
  }

  private opened(serverMs: number, speed: number): void {
    this.attempt = 0;
    this.clock.reset(serverMs, speed, performance.now());
    this.handlers.onOpen();
    if (this.wanted.size > 0) {
      this.send({ type: "subscribe", patients: [...this.wanted], strips: true });
    }
  }

  private watchSilence(socket: WebSocket): void {
    clearTimeout(this.silence);
    // close() alone may wait a minute for a peer that is gone.
    this.silence = setTimeout(() => {
      socket.close();
      this.lost(socket);
    }, SILENCE_MS);
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    clearTimeout(this.silence);
    if (!this.stopped) this.retry(false);
  }

  private retry(signedOut: boolean): void {
    if (this.stopped) return;
    this.handlers.onClosed(signedOut);
    if (signedOut) return;
    this.timer = setTimeout(() => void this.connect(), backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }
}
