/** What a patch advertises, where the browser lets the page hear it; elsewhere only its name is known. */

import { type Advertised, toBase64 } from "./protocol";

const NOTHING: Advertised = { manufacturer: {}, services: [], service_data: {}, rssi: null };

const texts = (data: Map<number | string, DataView>): Record<string, string> =>
  Object.fromEntries(
    [...data].map(([key, { buffer, byteOffset, byteLength }]) => [
      key,
      toBase64(new Uint8Array(buffer, byteOffset, byteLength)),
    ]),
  );

export class Adverts {
  /** The last one heard. */
  last = NOTHING;

  constructor(device: BluetoothDevice) {
    device.addEventListener("advertisementreceived", (event) => {
      const { manufacturerData, uuids, serviceData, rssi } = event as BluetoothAdvertisingEvent;
      this.last = {
        manufacturer: texts(manufacturerData),
        services: uuids,
        service_data: texts(serviceData),
        rssi: rssi ?? null,
      };
    });
    device.watchAdvertisements?.().catch((error: unknown) => {
      console.info("advertisements are not told", error);
    });
  }
}
