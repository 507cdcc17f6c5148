import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryStore } from "./memory";
import { Patch } from "./patch";
import { Spool } from "./spool";

const DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8";
const CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8";

/** A characteristic as the browser gives it. */
class Fake extends EventTarget {
  value: DataView | undefined;
  isNotifying = false;
  written: Uint8Array[] = [];
  readonly properties = {
    read: true,
    write: true,
    writeWithoutResponse: false,
    notify: true,
    indicate: false,
  };

  constructor(readonly uuid: string) {
    super();
  }

  /** As the browser does: the event of a notification, then the value. */
  async readValue() {
    this.notify(7, 8);
    await Promise.resolve();
    return new DataView(new Uint8Array([7, 8]).buffer);
  }

  async writeValueWithResponse(value: Uint8Array) {
    this.written.push(value);
  }

  async startNotifications() {
    this.isNotifying = true;
    return this;
  }

  async stopNotifications() {
    this.isNotifying = false;
    return this;
  }

  notify(...bytes: number[]) {
    this.value = new DataView(new Uint8Array(bytes).buffer);
    this.dispatchEvent(new Event("characteristicvaluechanged"));
  }
}

class FakeDevice extends EventTarget {
  readonly id = "a";
  readonly name = "Polar H10 0A1B2C3D";
  isInReach = true;
  characteristics: Fake[] = [];
  readonly gatt = {
    connected: false,
    connect: async () => {
      if (!this.isInReach) throw new DOMException("out of reach", "NetworkError");
      this.characteristics = [new Fake(CONTROL), new Fake(DATA)];
      this.gatt.connected = true;
      return this.gatt;
    },
    disconnect: () => {
      this.gatt.connected = false;
    },
    getPrimaryServices: async () => [
      { uuid: "service", getCharacteristics: async () => this.characteristics },
    ],
  };

  lose() {
    this.gatt.connected = false;
    this.dispatchEvent(new Event("gattserverdisconnected"));
  }

  get(uuid: string): Fake {
    const found = this.characteristics.find((each) => each.uuid === uuid);
    if (!found) throw new Error(uuid);
    return found;
  }
}

let device: FakeDevice;
let spool: Spool;
let patch: Patch;
let hasGateway: boolean;
let replies: number[];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(console, "info").mockImplementation(() => {});
  hasGateway = true;
  replies = [];
  device = new FakeDevice();
  spool = await Spool.open(new MemoryStore(), () => [0, 0]);
  patch = new Patch(device as unknown as BluetoothDevice, spool, {
    hasGateway: () => hasGateway,
    onChange: () => {},
    onReply: (entry) => replies.push(entry.number),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const ask = (type: "subscribe" | "unsubscribe" | "read", characteristic: string) =>
  patch.carryOut({ type, request: 1, device: "a", characteristic });
const connect = () => patch.carryOut({ type: "connect", request: 1, device: "a" });
const write = (value: string) =>
  patch.carryOut({
    type: "write",
    request: 1,
    device: "a",
    characteristic: CONTROL,
    value,
    response: true,
  });
const logged = async () => {
  await spool.flushed();
  return (await spool.after("a", 0, 99)).map(({ bytes }) => [bytes[0], bytes[4], bytes.at(-1)]);
};

test("a link is told as it stands, and a second connect makes no second one", async () => {
  const { standing } = await connect();
  expect(standing).toMatchObject({ link: 1, next: 1, subscribed: [] });
  expect(standing?.services[0]?.characteristics[0]).toEqual({
    uuid: CONTROL,
    properties: ["read", "write", "notify"],
  });
  await ask("subscribe", DATA);
  expect((await connect()).standing).toMatchObject({ link: 1, subscribed: [DATA] });
});

test("what is subscribed to is logged, a read is not", async () => {
  await connect();
  device.get(DATA).notify(1);
  await ask("subscribe", DATA);
  device.get(DATA).notify(2);
  device.get(CONTROL).notify(3);
  expect(await ask("read", CONTROL)).toEqual({ value: "Bwg=" });
  await ask("unsubscribe", DATA);
  device.get(DATA).notify(4);
  expect(await logged()).toEqual([[1, 1, 2]]);
});

test("a notification that comes during a read is not taken for it", async () => {
  await connect();
  await ask("subscribe", DATA);
  const reading = ask("read", DATA);
  device.get(DATA).notify(5);
  expect(await reading).toEqual({ value: "Bwg=" });
  device.get(DATA).notify(6);
  expect(await logged()).toEqual([
    [1, 1, 5],
    [1, 1, 6],
  ]);
});

test("what may answer a write is passed on at once", async () => {
  await connect();
  await ask("subscribe", DATA);
  await ask("subscribe", CONTROL);
  device.get(CONTROL).notify(1);
  await write("AgA=");
  device.get(DATA).notify(2);
  device.get(CONTROL).notify(3);
  expect(replies).toEqual([3]);
});

test("without its gateway a lost link is made and set up again", async () => {
  await connect();
  await ask("subscribe", DATA);
  await write("AgA=");
  hasGateway = false;
  device.isInReach = false;
  device.lose();
  expect(patch.state).toBe("lost");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(patch.state).toBe("lost");
  device.isInReach = true;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(patch.state).toBe("linked");
  expect(device.get(DATA).isNotifying).toBe(true);
  expect(device.get(CONTROL).written).toEqual([new Uint8Array([2, 0])]);
  device.get(DATA).notify(9);
  const records = await logged();
  expect(records.map(([kind, link]) => [kind, link])).toEqual([
    [2, 1],
    [1, 2],
  ]);
});

test("with its gateway there, the gateway makes the new link", async () => {
  await connect();
  device.lose();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(patch.state).toBe("lost");
  expect(patch.isOffered).toBe(true);
  await connect();
  expect(patch.standing?.link).toBe(2);
});

test("a patch let go of stays so", async () => {
  await connect();
  hasGateway = false;
  patch.letGo();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(patch.state).toBe("off");
  expect(patch.isOffered).toBe(false);
  expect((await logged()).map(([kind]) => kind)).toEqual([2]);
});

test("a request without a link is refused", async () => {
  await expect(ask("read", DATA)).rejects.toThrow(DATA);
});
