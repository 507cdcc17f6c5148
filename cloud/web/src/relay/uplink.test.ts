import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryStore } from "./memory";
import type { ToPhone } from "./protocol";
import { Spool } from "./spool";
import { Uplink } from "./uplink";

const mocks = vi.hoisted(() => ({ liveTicket: vi.fn() }));
vi.mock("../api", async (original) => ({
  ...(await original<typeof import("../api")>()),
  liveTicket: mocks.liveTicket,
}));
const { ApiError } = await import("../api");

/** A WebSocket whose other end is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  said: Record<string, unknown>[] = [];
  records: number[] = [];
  onopen = () => {};
  onmessage = (_event: { data: string }) => {};
  onclose = () => {};

  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }

  send(data: string | Uint8Array<ArrayBuffer>) {
    if (typeof data === "string") this.said.push(JSON.parse(data));
    else this.records.push(Number(new DataView(data.buffer).getBigUint64(8, true)));
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose();
  }

  async says(...messages: ToPhone[]) {
    for (const message of messages) this.onmessage({ data: JSON.stringify(message) });
    await vi.advanceTimersByTimeAsync(1);
  }
}

let spool: Spool;
let store: MemoryStore;
let uplink: Uplink;
let asked: ToPhone[];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("location", { href: "http://here/", protocol: "http:" });
  mocks.liveTicket.mockResolvedValue("t/1");
  FakeSocket.all = [];
  asked = [];
  store = new MemoryStore();
  spool = await Spool.open(store, () => [0, 0]);
  spool.linkMade("a", "Patch");
  uplink = new Uplink(spool, {
    held: () => [{ device: "a", name: "Patch", first: 1, next: 1, standing: null }],
    request: (message) => asked.push(message),
    onChange: () => {},
  });
  spool.onStored = () => uplink.wake();
});

afterEach(() => {
  uplink.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function notify(times: number) {
  for (let i = 0; i < times; i++) spool.notified("a", "", new Uint8Array([i]), i, i);
  await vi.advanceTimersByTimeAsync(1);
}

async function opened(): Promise<FakeSocket> {
  await vi.advanceTimersByTimeAsync(10_000);
  const socket = FakeSocket.all.at(-1);
  if (!socket) throw new Error("no socket");
  socket.readyState = 1;
  socket.onopen();
  await socket.says({ type: "welcome", version: 1 });
  return socket;
}

const resume = (after: number, safe: number, window: number): ToPhone => ({
  type: "resume",
  device: "a",
  after,
  safe,
  window,
});

test("hello comes first and nothing of the log before it is asked for", async () => {
  const socket = await opened();
  await notify(3);
  expect(socket.url.href).toBe("ws://here/relay?ticket=t%2F1");
  expect(socket.said[0]).toMatchObject({ type: "hello", version: 1, phone: "phone" });
  expect(socket.records).toEqual([]);
  await socket.says(resume(0, 0, 99));
  expect(socket.records).toEqual([1, 2, 3]);
});

test("the log goes on in order as it grows, and as far as the window", async () => {
  const socket = await opened();
  await socket.says(resume(0, 0, 4));
  await notify(3);
  await notify(3);
  expect(socket.records).toEqual([1, 2, 3, 4]);
  await socket.says({ type: "progress", device: "a", safe: 2, window: 5 });
  expect(socket.records).toEqual([1, 2, 3, 4, 5]);
  expect(store.entries.map((entry) => entry.number)).toEqual([3, 4, 5, 6]);
});

test("a new connection begins where the gateway says", async () => {
  const first = await opened();
  await first.says(resume(0, 0, 99));
  await notify(4);
  first.close();
  expect(uplink.isOpen).toBe(false);
  expect(uplink.awaySinceMs).not.toBeNull();
  await notify(2);
  const second = await opened();
  expect(second).not.toBe(first);
  await second.says(resume(2, 1, 99));
  expect(second.records).toEqual([3, 4, 5, 6]);
  expect(store.entries[0]?.number).toBe(2);
  expect(uplink.awaySinceMs).toBeNull();
});

test("a socket that takes nothing is not filled", async () => {
  const socket = await opened();
  await notify(200);
  socket.bufferedAmount = 1e6;
  await socket.says(resume(0, 0, 999));
  expect(socket.records.length).toBeLessThan(100);
  socket.bufferedAmount = 0;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.records.length).toBe(200);
});

test("a phone with nothing new says that it is there", async () => {
  const socket = await opened();
  await socket.says(resume(0, 0, 99));
  await vi.advanceTimersByTimeAsync(5_000);
  const alive = socket.said.filter((message) => message.type === "alive");
  expect(alive.length).toBeGreaterThanOrEqual(3);
});

test("a server that is silent is given up", async () => {
  const socket = await opened();
  await socket.says({ type: "alive" });
  await vi.advanceTimersByTimeAsync(15_500);
  expect(socket.readyState).toBe(3);
  expect(uplink.isOpen).toBe(false);
});

test("what the gateway asks for is handed on", async () => {
  const socket = await opened();
  await socket.says({ type: "connect", request: 7, device: "a" }, { type: "scan", active: true });
  expect(asked.map((message) => message.type)).toEqual(["connect", "scan"]);
});

test("a session that is over is said, and asked for again", async () => {
  const socket = await opened();
  mocks.liveTicket.mockRejectedValue(new ApiError(401, "not signed in"));
  socket.close();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(uplink.isSignedOut).toBe(true);
  mocks.liveTicket.mockResolvedValue("t");
  await opened();
  expect(uplink.isSignedOut).toBe(false);
});
