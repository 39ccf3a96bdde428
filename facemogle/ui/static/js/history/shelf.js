// The browser's database of earlier images. All tabs share it; each adds its own.

/** What is kept: this many images, of this many bytes together. */
export const LIMITS = { count: 50, bytes: 64 * 2 ** 20 };

const NAME = "facemogle";
const VERSION = 1;
const STORE = "pictures"; // browsers have stores of this name

/**
 * The records that have to go: the oldest, until the others stay within the limits. The newest
 * stays, whatever its size.
 */
export function surplus(records, { count, bytes } = LIMITS) {
  let room = bytes;
  return [...records].sort((a, b) => b.time - a.time).filter((record, place) => {
    room -= sizeOf(record);
    return place > 0 && (place >= count || room < 0);
  });
}

/** Bytes that a record of Accepted takes, about. */
export function sizeOf({ image, labels, layers }) {
  return image.length + labels.length + (layers?.words.length ?? 0);
}

/** Every method fails if the browser does not let the page store anything, or no more. */
export class Shelf {
  /** All records, the oldest first. */
  async all() {
    const records = await this.ask("readonly", (store) => store.getAll());
    return records.sort((a, b) => a.time - b.time);
  }

  /** Keep records, and no more than the limits allow. */
  async add(...records) {
    await this.ask("readwrite", (store) => records.forEach((record) => store.put(record)));
    await this.remove(surplus(await this.all()));
  }

  async remove(records) {
    if (!records.length) return;
    await this.ask("readwrite", (store) => records.forEach(({ id }) => store.delete(id)));
  }

  /** What a request on the store gives, once the whole transaction is through. */
  async ask(mode, act) {
    this.database ??= open();
    const transaction = (await this.database).transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    return request?.result;
  }
}

async function open() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  const database = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
  database.onversionchange = () => database.close(); // a newer page in another tab goes first
  return database;
}
