import { expect, test } from "vitest";
import { decodeStrip } from "./wire";

// Laid out by hand after docs/api.md: kind, version, gap reason 2, lead off; stream 3; boot 7;
// two samples; first counter 2^33 + 5; gap of 10; 130 Hz; 1 uV; UTC 1.7e18 ns; -2 and 300.
const GOLDEN =
  "01010201 03000000 07000000 02000000 0500000002000000 0a00000000000000" +
  "d0fb0100 40420f00 000047b67d9a9717 feff 2c01";

function bytes(hex: string): ArrayBuffer {
  const digits = hex.replaceAll(" ", "").match(/../g) ?? [];
  return Uint8Array.from(digits, (byte) => Number.parseInt(byte, 16)).buffer;
}

test("a strip message is read field by field", () => {
  expect(decodeStrip(bytes(GOLDEN))).toEqual({
    stream: 3,
    bootId: 7,
    firstCounter: 2 ** 33 + 5,
    gapBefore: 10,
    gapReason: "link_lost",
    leadOff: true,
    saturated: false,
    fsHz: 130,
    lsbMv: 0.001,
    utcMs: Number(0x17979a7db6470000n) / 1e6,
    adc: Int16Array.from([-2, 300]),
  });
});

test.each([
  ["nothing", ""],
  ["a cut header", GOLDEN.slice(0, 40)],
  ["a missing sample", GOLDEN.slice(0, -4)],
  ["a byte too many", `${GOLDEN}00`],
  ["another kind", GOLDEN.replace(/^01/, "02")],
  ["another version", GOLDEN.replace(/^0101/, "0102")],
  ["no rate", GOLDEN.replace("d0fb0100", "00000000")],
])("%s is refused", (_, hex) => {
  expect(() => decodeStrip(bytes(hex))).toThrow(RangeError);
});

test("a gap reason of a later version is still a gap", () => {
  expect(decodeStrip(bytes(GOLDEN.replace(/^010102/, "0101c8"))).gapReason).toBe("missing");
});
