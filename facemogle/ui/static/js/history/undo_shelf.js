// Undo and redo over a reload: every tab's changes in the browser's database, a record each.

import { fingerprint } from "../fingerprint.js";

const STORE = "undo";
const HEAD = 0; // id of a tab's record of what is in order; changes have higher ones
const KEPT = 14 * 24 * 3600 * 1000; // milliseconds after which what a closed tab has left goes

export class UndoShelf {
  /** tab: text that no other tab has. */
  constructor(database, tab) {
    Object.assign(this, { database, tab });
    this.stored = new Map(); // id -> order of layers that was stored with the change
  }

  /** Fill in a history, if what was stored belongs to the drawing as it is. */
  async load({ history, layers }) {
    const all = await this.database.ask(STORE, "readonly", (store) => store.getAll());
    const own = new Map(all.filter(({ tab }) => tab === this.tab).map((record) => [record.id, record]));
    await this.forget(all.filter(({ tab, id, time }) => id === HEAD && tab !== this.tab && time < Date.now() - KEPT));
    const head = own.get(HEAD);
    const changes = head ? [head.past, head.future].map((ids) => ids.map((id) => own.get(id)?.change)) : [];
    if (head?.sum !== fingerprint(layers.words) || changes.flat().includes(undefined)) return this.forget([{ tab: this.tab }]);
    history.restore(...changes, head.hasDropped);
    for (const change of changes.flat()) this.stored.set(change.id, change.order);
  }

  /** Bring the store up to date with a history. */
  async save({ history, layers }) {
    const changes = [...history.past, ...history.future];
    const ids = new Set(changes.map(({ id }) => id));
    const gone = [...this.stored.keys()].filter((id) => !ids.has(id));
    const fresh = changes.filter(({ id, order }) => this.stored.get(id) !== order);
    const head = {
      tab: this.tab, id: HEAD, time: Date.now(), sum: fingerprint(layers.words), hasDropped: history.hasDropped,
      past: history.past.map(({ id }) => id), future: history.future.map(({ id }) => id),
    };
    await this.database.ask(STORE, "readwrite", (store) => {
      for (const id of gone) store.delete([this.tab, id]);
      for (const change of fresh) store.put({ tab: this.tab, id: change.id, change: { ...change } });
      store.put(head);
    });
    for (const id of gone) this.stored.delete(id);
    for (const { id, order } of fresh) this.stored.set(id, order);
  }

  /** Drop all that some tabs have stored. */
  async forget(tabs) {
    if (!tabs.length) return;
    await this.database.ask(STORE, "readwrite", (store) => tabs.forEach(({ tab }) =>
      store.delete(IDBKeyRange.bound([tab], [tab, []]))));
  }
}
