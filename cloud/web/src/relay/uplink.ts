/**
 * The phone's connection to the gateway's relay.
 *
 * States as in `live.ts`: connecting -> open (welcome heard) -> closed (waiting) -> connecting ...
 * After `resume` a patch's log is sent in order from where the gateway has it, as far as `window`
 * allows; what is not durable here is not sent. A second without another message sends `alive`.
 */

import { ApiError, liveTicket } from "../api";
import { backoffMs } from "../backoff";
import { ahead, type FromPhone, type Held, type ToPhone, VERSION } from "./protocol";
import type { Spool } from "./spool";
import type { Entry } from "./store";

const ALIVE_MS = 1_000;
const SILENCE_MS = 15_000;
const BATCH = 64;
/** What may lie in the socket's buffer before the log waits. */
const BUFFERED_BYTES = 64 * 1024;
const DRAIN_MS = 50;

export interface UplinkHandlers {
  /** What is held of the patches, at the moment of a hello. */
  held(): Held[];
  request(message: ToPhone): void;
  onChange(): void;
}

interface Cursor {
  sent: number;
  window: number;
}

export class Uplink {
  isOpen = false;
  /** Since when it has not been; null while it is. */
  awaySinceMs: number | null = Date.now();
  /** Whether the server no longer knows the session. */
  isSignedOut = false;
  private socket: WebSocket | null = null;
  private readonly cursors = new Map<string, Cursor>();
  private attempt = 0;
  private isSending = false;
  private spokeMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private readonly alive: ReturnType<typeof setInterval>;

  constructor(
    private readonly spool: Spool,
    private readonly handlers: UplinkHandlers,
  ) {
    this.alive = setInterval(() => {
      if (this.isOpen && performance.now() - this.spokeMs >= ALIVE_MS) this.say({ type: "alive" });
    }, ALIVE_MS / 2);
    void this.connect();
  }

  stop(): void {
    clearInterval(this.alive);
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  say(message: FromPhone): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.spokeMs = performance.now();
    this.socket.send(JSON.stringify(message));
  }

  /** Send a record ahead of its turn; it comes again in its place. */
  sendAhead(entry: Entry): void {
    const cursor = this.cursors.get(entry.device);
    if (cursor && this.socket?.readyState === WebSocket.OPEN) this.socket.send(ahead(entry.bytes));
  }

  /** Send what became durable. */
  wake(): void {
    if (this.isSending || !this.isOpen) return;
    this.isSending = true;
    void this.sendLogs().finally(() => {
      this.isSending = false;
    });
  }

  private async connect(): Promise<void> {
    try {
      const ticket = await liveTicket();
      const url = new URL(`/relay?ticket=${encodeURIComponent(ticket)}`, location.href);
      url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
      this.open(new WebSocket(url));
    } catch (error) {
      this.isSignedOut = error instanceof ApiError && error.status === 401;
      this.retry();
    }
  }

  private open(socket: WebSocket): void {
    this.socket = socket;
    this.isSignedOut = false;
    socket.onopen = () => this.hello();
    socket.onmessage = (event) => {
      this.watchSilence(socket);
      this.take(JSON.parse(event.data as string) as ToPhone);
    };
    socket.onclose = () => this.lost(socket);
    this.watchSilence(socket);
  }

  private hello(): void {
    this.cursors.clear();
    this.say({
      type: "hello",
      version: VERSION,
      phone: this.spool.phone,
      utc_ns: Date.now() * 1e6,
      monotonic_ns: Math.round(performance.now() * 1e6),
      patches: this.handlers.held(),
    });
  }

  private take(message: ToPhone): void {
    switch (message.type) {
      case "welcome":
        this.isOpen = true;
        this.awaySinceMs = null;
        this.attempt = 0;
        this.handlers.onChange();
        return;
      case "resume":
        this.cursors.set(message.device, { sent: message.after, window: message.window });
        void this.spool.free(message.device, message.safe);
        break;
      case "progress": {
        const cursor = this.cursors.get(message.device);
        if (cursor) cursor.window = message.window;
        void this.spool.free(message.device, message.safe);
        break;
      }
      default:
        this.handlers.request(message);
        return;
    }
    this.wake();
  }

  private async sendLogs(): Promise<void> {
    let isMore = true;
    while (isMore && this.isOpen) {
      isMore = false;
      for (const [device, cursor] of this.cursors) {
        if (await this.sendSome(device, cursor)) isMore = true;
      }
    }
  }

  private async sendSome(device: string, cursor: Cursor): Promise<boolean> {
    const limit = Math.min(BATCH, cursor.window - cursor.sent);
    if (limit <= 0) return false;
    const entries = await this.spool.after(device, cursor.sent, limit);
    const socket = this.socket;
    // A new connection begins with a cursor of its own.
    if (!socket || this.cursors.get(device) !== cursor) return false;
    for (const { bytes, number } of entries) {
      if (number > cursor.window) return false;
      socket.send(bytes);
      cursor.sent = number;
    }
    if (entries.length > 0) this.spokeMs = performance.now();
    while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > BUFFERED_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    }
    return entries.length > 0;
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
    this.retry();
  }

  private retry(): void {
    this.isOpen = false;
    this.awaySinceMs ??= Date.now();
    this.handlers.onChange();
    this.timer = setTimeout(() => void this.connect(), backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }
}
