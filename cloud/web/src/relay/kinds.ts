/** Which patches the browser may offer, and the services it lets the page use. */

const BATTERY = 0x180f;
const DEVICE_INFORMATION = 0x180a;
const HEART_RATE = 0x180d;
const POLAR_PMD = "fb005c80-02e7-f387-1cad-8acd2d8df0c8";
const MOVESENSE = "34802252-7185-4d5d-b431-630e7050e8f0";
const OPEN_PATCH = "09b00001-c1c7-4d4c-af8d-5dd88cfe2cc1";
const HEALTHYPI_ECG = "00001122-0000-1000-8000-00805f9b34fb";
const HEALTHYPI_COMMAND = "01bf7492-970f-8d96-d44d-9023c47faddc";
const BITALINO = "c566488a-0882-4e1b-a6d0-0b717e652234";
const GANGLION = 0xfe84;

export const FILTERS: BluetoothFilter[] = [
  { namePrefix: "Polar H10 " },
  { namePrefix: "Movesense " },
  { namePrefix: "BITalino" },
  { namePrefix: "Ganglion-" },
  { namePrefix: "healthypi" },
  { namePrefix: "HealthyPi" },
  { services: [OPEN_PATCH] },
  { services: [HEART_RATE] },
];

export const SERVICES: (string | number)[] = [
  BATTERY,
  DEVICE_INFORMATION,
  HEART_RATE,
  POLAR_PMD,
  MOVESENSE,
  OPEN_PATCH,
  HEALTHYPI_ECG,
  HEALTHYPI_COMMAND,
  BITALINO,
  GANGLION,
];
