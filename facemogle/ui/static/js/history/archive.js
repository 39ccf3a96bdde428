// The history: what the strip shows, and the same in the browser's database for the next visit.

import { Accepted } from "../run/accepted.js";
import { LIMITS } from "./shelf.js";
import { stored } from "./store.js";

export class Archive {
  /** strip: HistoryStrip. shelf: Shelf. */
  constructor(strip, shelf) {
    Object.assign(this, { strip, shelf });
    this.entries = []; // Accepted, the oldest first
  }

  /** Show what earlier visits have left. */
  load() {
    return stored("history", async () => {
      const records = await this.shelf.all();
      const read = await Promise.allSettled(records.map(Accepted.from));
      this.put([...read.flatMap(({ value }) => value ?? []), ...this.entries]);
    });
  }

  /** The oldest go when there are too many. */
  add(...entries) {
    const ids = new Set(entries.map(({ id }) => id));
    this.put([...this.entries.filter(({ id }) => !ids.has(id)), ...entries]);
    return stored("history", async () => {
      await this.shelf.add(...await Promise.all(entries.map((entry) => entry.record())));
    });
  }

  /** Forget images, here and in the browser. */
  remove(entries) {
    this.put(this.entries.filter((entry) => !entries.includes(entry)));
    return stored("history", () => this.shelf.remove(entries));
  }

  find(id) {
    return this.entries.find((entry) => entry.id === id) ?? null;
  }

  put(entries) {
    this.entries = entries.slice(-LIMITS.count);
    this.strip.put(this.entries);
  }
}
