// The browser's store of earlier images. All tabs share it; each adds its own.

/** What is kept: this many images, of this many bytes together. */
export const LIMITS = { count: 50, bytes: 64 * 2 ** 20 };

const STORE = "pictures";

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
export function sizeOf({ image, labels, layers, trace }) {
  const steps = trace?.images.reduce((sum, { length }) => sum + length, trace.gate.length);
  return image.length + labels.length + (layers?.words.length ?? 0) + (steps ?? 0);
}

/** Its methods fail as those of the database do. */
export class Shelf {
  constructor(database) {
    this.database = database;
  }

  /** All records, the oldest first. */
  async all() {
    const records = await this.database.ask(STORE, "readonly", (store) => store.getAll());
    return records.sort((a, b) => a.time - b.time);
  }

  /** Keep records, and no more than the limits allow. */
  async add(...records) {
    await this.database.ask(STORE, "readwrite", (store) => records.forEach((record) => store.put(record)));
    await this.remove(surplus(await this.all()));
  }

  async remove(records) {
    if (!records.length) return;
    await this.database.ask(STORE, "readwrite", (store) => records.forEach(({ id }) => store.delete(id)));
  }
}
