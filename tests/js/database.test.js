// What the browser stores goes on being stored, and undo comes back with the drawing it belongs to.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Database } from "../../facemogle/ui/static/js/history/database.js";
import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";
import { onStored, stored } from "../../facemogle/ui/static/js/history/store.js";
import { UndoShelf } from "../../facemogle/ui/static/js/history/undo_shelf.js";
import { blank, face, HAIR, SKIN } from "./face.js";

/** A connection whose transactions end; a closed one throws, as browsers' do. */
const connection = (isClosed) => ({
  transaction() {
    if (isClosed) throw new Error("InvalidStateError");
    const transaction = { objectStore: () => ({}) };
    queueMicrotask(() => transaction.oncomplete());
    return transaction;
  },
});

test("a connection that the browser has closed is opened again, once", async () => {
  // After one failed transaction nothing was stored any more until the page was reloaded.
  let opened = 0;
  const database = new Database(async () => connection(++opened === 1));
  assert.equal(await database.ask("pictures", "readonly", () => ({ result: 7 })), 7);
  assert.equal(opened, 2);
  const broken = new Database(async () => connection(true));
  await assert.rejects(broken.ask("pictures", "readonly", () => null));
});

test("that nothing is stored is said for as long as it is so", async () => {
  // The note stayed when everything was stored again.
  const told = [];
  onStored((isAllStored) => told.push(isAllStored));
  await stored("undo", () => Promise.reject(new Error("full")));
  await stored("history", () => Promise.resolve());
  assert.deepEqual(told, [false]);
  await stored("undo", () => Promise.resolve());
  assert.deepEqual(told, [false, true]);
});

test("a database that could not be opened is tried again", async () => {
  let tries = 0;
  const database = new Database(async () => {
    tries += 1;
    if (tries < 3) throw new Error("blocked");
    return connection(false);
  });
  await assert.rejects(database.ask("pictures", "readonly", () => null));
  await database.ask("pictures", "readonly", () => null);
  assert.equal(tries, 3);
});

/** The records of all tabs, found by tab and id. */
function memory() {
  const records = new Map();
  const store = {
    put: (record) => records.set(`${record.tab} ${record.id}`, structuredClone(record)),
    delete: (key) => (Array.isArray(key) ? records.delete(key.join(" ")) : records.clear()),
    getAll: () => ({ result: [...records.values()] }),
  };
  globalThis.IDBKeyRange = { bound: () => null }; // of the only tab
  return { records, ask: async (_, __, act) => act(store)?.result };
}

const stroke = (drawing, y, region) => drawing.rectangle([50, y], [200, y + 20], { region });

/** The page reloaded: the drawing is there, its history is read. */
async function reloaded({ layers }, database) {
  const again = blank();
  again.layers.setWords(layers.words, layers.order);
  await new UndoShelf(database, "a").load(again);
  return again;
}

test("undo and redo go on after a reload", async () => {
  const database = memory();
  const shelf = new UndoShelf(database, "a");
  const drawing = face();
  const states = [drawing.labels.slice()];
  for (const y of [120, 160, 200]) {
    stroke(drawing, y, HAIR);
    await shelf.save(drawing);
    states.push(drawing.labels.slice());
  }
  drawing.reorder(SKIN, 2);
  states.push(drawing.labels.slice());
  drawing.undo();
  await shelf.save(drawing);

  const again = await reloaded(drawing, database);
  again.redo();
  assert.deepEqual(again.labels, states[4]);
  for (const state of states.slice(0, 4).reverse()) {
    again.undo();
    assert.deepEqual(again.labels, state);
  }
  again.redo();
  const second = new UndoShelf(database, "a");
  await second.load(drawing); // is no longer of what is stored last
  stroke(again, 300, HAIR);
  assert.equal(again.history.future.length, 0);
});

test("changes of another drawing are not applied to this one", async () => {
  // Differences of other words would draw noise.
  const database = memory();
  const drawing = face();
  stroke(drawing, 120, HAIR);
  await new UndoShelf(database, "a").save(drawing);
  const other = face();
  stroke(other, 150, HAIR);
  assert.equal((await reloaded(other, database)).canUndo, false);
  assert.equal(database.records.size, 0);
});

test("what undo has dropped is dropped from the store, and the end is told", async () => {
  const database = memory();
  const shelf = new UndoShelf(database, "a");
  const drawing = face();
  let ends = 0;
  drawing.addEventListener("end", () => (ends += 1));
  for (let k = 0; k < 203; k++) stroke(drawing, k, k % 2 ? HAIR : SKIN);
  await shelf.save(drawing);
  assert.equal(database.records.size, 201); // and the record of their order
  const again = await reloaded(drawing, database);
  again.addEventListener("end", () => (ends += 1));
  while (again.canUndo) again.undo();
  assert.equal(ends, 1);
});
