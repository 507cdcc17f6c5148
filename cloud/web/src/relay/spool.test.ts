import { afterEach, expect, test, vi } from "vitest";
import { MemoryStore } from "./memory";
import { Spool } from "./spool";

const DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8";
const now = (): [number, number] => [50, 1_000_050];

afterEach(() => {
  vi.useRealTimers();
});

function notify(spool: Spool, times: number): void {
  for (let i = 0; i < times; i++) {
    spool.notified("a", DATA, new Uint8Array([i]), i, 1_000_000 + i);
  }
}

const numbers = async (spool: Spool) => (await spool.after("a", 0, 99)).map((each) => each.number);

test("records are numbered from 1 without a hole and kept in order", async () => {
  const spool = await Spool.open(new MemoryStore(), now);
  expect(spool.linkMade("a", "Patch")).toBe(1);
  notify(spool, 5);
  await spool.flushed();
  expect(await numbers(spool)).toEqual([1, 2, 3, 4, 5]);
  expect(spool.bounds("a")).toEqual([1, 6]);
  expect(spool.nKept).toBe(5);
  expect(spool.oldestMs).toBe(1_000_000);
});

test("what comes during a write shares the next one", async () => {
  const store = new MemoryStore();
  const spool = await Spool.open(store, now);
  spool.linkMade("a", "Patch");
  notify(spool, 50);
  await spool.flushed();
  expect(store.entries.length).toBe(50);
  expect(store.nAppends).toBeLessThan(4);
});

test("only what is safe is forgotten, and numbers go on behind it", async () => {
  const store = new MemoryStore();
  const spool = await Spool.open(store, now);
  spool.linkMade("a", "Patch");
  notify(spool, 5);
  await spool.flushed();
  await spool.free("a", 3);
  expect(await numbers(spool)).toEqual([4, 5]);
  expect(spool.oldestMs).toBe(1_000_003);
  await spool.free("a", 5);
  expect(spool.oldestMs).toBeNull();
  expect(spool.nKept).toBe(0);
  notify(spool, 1);
  await spool.flushed();
  expect(await numbers(spool)).toEqual([6]);
});

test("a word of old brings nothing back", async () => {
  const spool = await Spool.open(new MemoryStore(), now);
  spool.linkMade("a", "Patch");
  notify(spool, 5);
  await spool.flushed();
  await spool.free("a", 4);
  await spool.free("a", 2);
  expect(await numbers(spool)).toEqual([5]);
});

test("a page that was closed on a standing link finds everything and ends the link", async () => {
  const store = new MemoryStore();
  const before = await Spool.open(store, now);
  before.linkMade("a", "Patch");
  notify(before, 3);
  await before.flushed();
  const spool = await Spool.open(store, now);
  await spool.flushed();
  expect(await numbers(spool)).toEqual([1, 2, 3, 4]);
  const [ended] = await spool.after("a", 3, 1);
  expect(ended?.bytes[0]).toBe(2);
  expect(spool.linkMade("a", "Patch")).toBe(2);
});

test("a link that is over has one end and no notification after it", async () => {
  const spool = await Spool.open(new MemoryStore(), now);
  spool.linkMade("a", "Patch");
  spool.linkEnded("a", 1, 1_000_001);
  spool.linkEnded("a", 2, 1_000_002);
  notify(spool, 2);
  await spool.flushed();
  expect(await numbers(spool)).toEqual([1]);
});

test("a full store is said and tried again, and loses nothing", async () => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const store = new MemoryStore();
  const spool = await Spool.open(store, now);
  store.isFull = true;
  spool.linkMade("a", "Patch");
  notify(spool, 3);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(spool.isFailing).toBe(true);
  expect(store.entries).toEqual([]);
  store.isFull = false;
  notify(spool, 2);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(spool.isFailing).toBe(false);
  expect(store.entries.map((each) => each.number)).toEqual([1, 2, 3, 4, 5]);
});
