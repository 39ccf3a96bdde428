// What a run keeps of its packets is what the server sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Accepted } from "../../facemogle/ui/static/js/run/accepted.js";
import { toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import { FULL_WEIGHT, Run } from "../../facemogle/ui/static/js/run/run.js";

const packet = (index, t, values) => ({
  t, image: `image ${index}`,
  gate: toBase64(new Uint8Array(Uint16Array.from(values).buffer)),
});

test("weights keep their expert and their place", () => {
  // Reading expert by expert what comes token by token mixes experts up, and still sums to 1.
  const run = new Run({ steps: 2, grid: [1, 3], experts: 2 });
  run.add(packet(0, 1, [FULL_WEIGHT, 0, 0, FULL_WEIGHT, 13107, 52428]));
  assert.deepEqual([...run.map(0, 0)].map((w) => w.toFixed(3)), ["1.000", "0.000", "0.200"]);
  assert.equal(run.weight(0, 1, 2), 52428 / FULL_WEIGHT);
});

test("steps are known as they come in", () => {
  const run = new Run({ steps: 2, grid: [1, 1], experts: 2 });
  assert.equal(run.done, 0);
  run.add(packet(0, 1, [1, 2]));
  run.add(packet(1, 0.5, [3, 4]));
  assert.equal(run.done, 2);
  assert.deepEqual(run.times, [1, 0.5]);
  assert.equal(run.reports[1].image, "image 1");
});

test("an expert's share is its own region's", () => {
  // Expert numbers are one above region numbers: off by one, the skin's expert is judged by the nose.
  const run = new Run({ steps: 1, grid: [2, 2], experts: 3, labels: Uint8Array.of(0, 0, 1, 1) });
  assert.deepEqual([...run.share(1)], [1, 1, 0, 0]);
  assert.deepEqual([...run.share(2)], [0, 0, 1, 1]);
  assert.equal(run.share(0), null); // the global expert has no region
});

test("an image that was stored brings its own run back", async () => {
  // The gate showed the last run's maps beside whatever image of the history was clicked.
  const labels = Uint8Array.of(0, 0, 1, 1);
  const settings = { seed: "3", muted: [1] };
  const run = new Run({ steps: 2, grid: [2, 2], experts: 3, labels, settings });
  const weights = (seed) => Array.from({ length: 12 }, (_, i) => (i * seed) % 65536);
  run.add(packet(0, 1, weights(4999)));
  run.add(packet(1, 0.25, weights(7001)));
  const made = new Accepted({ image: "image 1", labels, settings, isForeign: false, run });
  const again = await Accepted.from(structuredClone(await made.record()));
  assert.notEqual(again.run, run);
  assert.deepEqual(await again.opened(), run);
  const opened = new Accepted({ image: "photo", labels, settings: null, isForeign: true });
  assert.equal(await (await Accepted.from(await opened.record())).opened(), null);
});
