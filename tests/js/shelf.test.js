// The history in the browser stays within its limits.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LIMITS, surplus } from "../../facemogle/ui/static/js/history/shelf.js";

const record = (time, bytes = 1000) => (
  { id: `${time}`, time, image: "x".repeat(bytes), labels: new Uint8Array(0), layers: null });
const times = (records) => records.map(({ time }) => time).sort((a, b) => a - b);

test("the oldest go when there are too many, in whatever order they are stored", () => {
  const records = [5, 1, 4, 2, 3].map((time) => record(time));
  assert.deepEqual(times(surplus(records, { count: 3, bytes: 1e6 })), [1, 2]);
  assert.deepEqual(surplus(records, { count: 5, bytes: 1e6 }), []);
});

test("the oldest go when all together are too large", () => {
  const records = [record(1, 10), record(2, 600), record(3, 300), record(4, 600)];
  assert.deepEqual(times(surplus(records, { count: 9, bytes: 1000 })), [1, 2]);
});

test("an image beyond the limit is kept while it is the newest", () => {
  // Otherwise a page with large images would keep nothing at all.
  assert.deepEqual(times(surplus([record(1), record(2, 5000)], { count: 9, bytes: 2000 })), [1]);
});

test("label maps and layers count, too", () => {
  const large = { ...record(1), labels: new Uint8Array(900), layers: { words: new Uint8Array(900) } };
  assert.deepEqual(times(surplus([large, record(2, 500)], { count: 9, bytes: 2500 })), [1]);
});

test("fifty images of 512 pixels fit", () => {
  const records = Array.from({ length: 50 }, (_, time) => record(time, 1.2e6));
  assert.deepEqual(surplus(records, LIMITS), []);
});
