import { expect, test } from "vitest";
import { ahead, encodeRecord, fromBase64, toBase64 } from "./protocol";

const GOLDEN =
  "01010200030000000201000000000000" +
  "00ca9a3b000000000000f323845bd718" +
  "fb005c8202e7f3871cad8acd2d8df0c8" +
  "6162000102";

const record = {
  kind: 1 as const,
  device: "ab",
  link: 3,
  number: 0x0102,
  monotonicMs: 1_000,
  utcMs: 1_790_000_000_000,
  characteristic: "fb005c82-02e7-f387-1cad-8acd2d8df0c8",
  value: new Uint8Array([0, 1, 2]),
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("a record is what the gateway reads", () => {
  expect(hex(encodeRecord(record))).toBe(GOLDEN);
});

test("an ended link has neither characteristic nor value", () => {
  const empty = { kind: 2 as const, characteristic: "", value: new Uint8Array() };
  const bytes = encodeRecord({ ...record, ...empty });
  expect(bytes.length).toBe(50);
  expect(hex(bytes.slice(32, 48))).toBe("0".repeat(32));
});

test("a record sent ahead differs by one flag", () => {
  expect(hex(ahead(encodeRecord(record)))).toBe(`01010201${GOLDEN.slice(8)}`);
});

test("fractions of a millisecond are kept", () => {
  const view = new DataView(encodeRecord({ ...record, monotonicMs: 12.345678 }).buffer);
  expect(view.getBigUint64(16, true)).toBe(12_345_678n);
});

test("a name that does not fit is refused", () => {
  expect(() => encodeRecord({ ...record, device: "x".repeat(256) })).toThrow(RangeError);
});

test("bytes come back from base64", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
});
