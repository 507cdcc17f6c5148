import { expect, test } from "vitest";
import { Adverts } from "./adverts";

const bytes = (...values: number[]) => new DataView(new Uint8Array(values).buffer);

test("what was heard last is told", async () => {
  const device = new EventTarget() as BluetoothDevice;
  const adverts = new Adverts(device);
  expect(adverts.last).toEqual({ manufacturer: {}, services: [], service_data: {}, rssi: null });
  const heard = Object.assign(new Event("advertisementreceived"), {
    manufacturerData: new Map([[0x6b, bytes(1, 2)]]),
    serviceData: new Map([["09b00001-c1c7-4d4c-af8d-5dd88cfe2cc1", bytes(7, 8)]]),
    uuids: ["0000180d-0000-1000-8000-00805f9b34fb"],
    rssi: -61,
  });
  device.dispatchEvent(heard);
  expect(adverts.last).toEqual({
    manufacturer: { 107: "AQI=" },
    services: ["0000180d-0000-1000-8000-00805f9b34fb"],
    service_data: { "09b00001-c1c7-4d4c-af8d-5dd88cfe2cc1": "Bwg=" },
    rssi: -61,
  });
});
