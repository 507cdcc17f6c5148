/** Where the phone keeps what the cloud has not committed yet. */

/** A record as it will be sent. */
export interface Entry {
  device: string;
  number: number;
  utcMs: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What is remembered of a patch besides its records. */
export interface PatchMeta {
  device: string;
  name: string;
  /** Number of the next record. */
  next: number;
  /** Links made so far. */
  links: number;
  /** Whether the last of them has no end in the log yet. */
  isLinked: boolean;
}

export interface LogStore {
  /** A lasting name of this store. */
  phone(): Promise<string>;
  patches(): Promise<PatchMeta[]>;
  /** Keep records and what they make of their patch, all or nothing; durable when resolved. */
  append(meta: PatchMeta, entries: readonly Entry[]): Promise<void>;
  /** Records of a patch beyond a number, in order. */
  after(device: string, number: number, limit: number): Promise<Entry[]>;
  /** Forget records up to a number. */
  free(device: string, through: number): Promise<void>;
}

const NAME = "ecgomics-relay";
const PATCHES = "patches";
const RECORDS = "records";
const OWN = "own";

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

function upTo(device: string, number: number): IDBKeyRange {
  return IDBKeyRange.bound([device, 0], [device, number]);
}

/** The store in IndexedDB: it outlives the page, the browser and a flat battery. */
export class IndexedStore implements LogStore {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<IndexedStore> {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(PATCHES, { keyPath: "device" });
      opening.result.createObjectStore(RECORDS, { keyPath: ["device", "number"] });
      opening.result.createObjectStore(OWN);
    };
    return new IndexedStore(await settled(opening));
  }

  async phone(): Promise<string> {
    const transaction = this.db.transaction(OWN, "readwrite");
    const own = transaction.objectStore(OWN);
    const known: unknown = await settled(own.get("phone"));
    if (typeof known === "string") return known;
    const name = crypto.randomUUID();
    own.put(name, "phone");
    await completed(transaction);
    return name;
  }

  patches(): Promise<PatchMeta[]> {
    return settled(this.db.transaction(PATCHES).objectStore(PATCHES).getAll());
  }

  async append(meta: PatchMeta, entries: readonly Entry[]): Promise<void> {
    const transaction = this.db.transaction([PATCHES, RECORDS], "readwrite", {
      durability: "strict",
    });
    transaction.objectStore(PATCHES).put(meta);
    const records = transaction.objectStore(RECORDS);
    for (const entry of entries) records.put(entry);
    await completed(transaction);
  }

  after(device: string, number: number, limit: number): Promise<Entry[]> {
    const beyond = IDBKeyRange.bound([device, number], [device, Number.MAX_SAFE_INTEGER], true);
    return settled(this.db.transaction(RECORDS).objectStore(RECORDS).getAll(beyond, limit));
  }

  async free(device: string, through: number): Promise<void> {
    const transaction = this.db.transaction(RECORDS, "readwrite");
    transaction.objectStore(RECORDS).delete(upTo(device, through));
    await completed(transaction);
  }
}
