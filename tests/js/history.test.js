// Undo by stroke: every one of many comes back, and memory stays bounded.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";
import { blank, face, HAIR, L_EYE, SKIN } from "./face.js";

const cross = (drawing, k, size) => {
  drawing.beginStroke();
  const hand = { region: [SKIN, HAIR, L_EYE][k % 3], size, erases: false };
  drawing.stroke([k, 0], [SIDE - k, SIDE], hand);
  drawing.endStroke();
};

test("120 broad strokes across the whole drawing can all be taken back and made again", () => {
  // Patches as large as their rectangle would allow 16 of them.
  const drawing = blank();
  const empty = drawing.layers.words.slice();
  for (let k = 0; k < 120; k++) cross(drawing, 4 * k, 60);
  const painted = drawing.layers.words.slice();
  for (let k = 0; k < 120; k++) assert.ok(drawing.canUndo), drawing.undo();
  assert.deepEqual(drawing.layers.words, empty);
  assert.equal(drawing.canUndo, false);
  for (let k = 0; k < 120; k++) drawing.redo();
  assert.deepEqual(drawing.layers.words, painted);
  assert.equal(drawing.canRedo, false);
});

test("the history of noise is bounded", () => {
  // The worst case: every pixel changes by itself, again and again.
  const drawing = blank();
  for (let k = 0; k < 30; k++) drawing.replace(drawing.labels.map((_, i) => (i * 7 + k * 5) % 19));
  const words = drawing.history.past.reduce((sum, { runs }) => sum + runs.length, 0);
  assert.ok(drawing.history.past.length >= 20);
  assert.ok(words <= 2 ** 24);
});

test("more strokes than are kept forget the oldest", () => {
  const drawing = blank();
  for (let k = 0; k < 230; k++) cross(drawing, k, 3);
  assert.equal(drawing.history.past.length, 200);
});

test("a change that changes nothing is no step", () => {
  const drawing = face();
  const steps = drawing.history.past.length;
  drawing.rectangle([120, 120], [140, 140], { region: SKIN });
  drawing.recolor(HAIR, SKIN);
  drawing.clear(HAIR);
  assert.equal(drawing.history.past.length, steps);
});

test("a new stroke after undo drops what could be made again", () => {
  const drawing = face();
  drawing.undo();
  drawing.rectangle([0, 0], [9, 9], { region: HAIR });
  assert.equal(drawing.canRedo, false);
});

test("undo waits for the stroke under way", () => {
  const drawing = face();
  drawing.beginStroke();
  drawing.stroke([10, 10], [50, 10], { region: HAIR, size: 9, erases: false });
  drawing.undo();
  drawing.clear(SKIN);
  drawing.endStroke();
  drawing.undo();
  assert.deepEqual(drawing.labels, face().labels);
});

test("a cancelled stroke leaves neither paint nor a step", () => {
  // A second finger on the screen turns a stroke into a zoom.
  const drawing = face();
  const steps = drawing.history.past.length;
  drawing.beginStroke();
  drawing.stroke([10, 10], [400, 300], { region: HAIR, size: 30, erases: false });
  drawing.cancelStroke();
  assert.deepEqual(drawing.labels, face().labels);
  assert.equal(drawing.history.past.length, steps);
});

test("words and seed that came with a face go and come with it", () => {
  // Undo after another face left a prompt that belonged to neither drawing nor image.
  const drawing = face();
  const told = [];
  drawing.addEventListener("travel", ({ detail }) => told.push(detail));
  const [before, after] = [{ prompt: "a man", seed: "1" }, { prompt: "a woman", seed: "2" }];
  drawing.replace(new Uint8Array(SIDE * SIDE).fill(SKIN), { before, after });
  cross(drawing, 1, 9);
  drawing.undo();
  drawing.undo();
  drawing.redo();
  assert.deepEqual(told, [null, before, after]);
});

test("words that come with the same drawing can be taken back, the same words with it are no step", () => {
  // A template on its own mask took a person's words for good.
  const drawing = face();
  const told = [];
  drawing.addEventListener("travel", ({ detail }) => told.push(detail));
  const steps = drawing.history.past.length;
  const [before, after] = [{ prompt: "a man" }, { prompt: "a woman" }];
  drawing.replaceLayers({ words: drawing.layers.words.slice(), order: drawing.layers.order }, { before, after });
  assert.equal(drawing.history.past.length, steps + 1);
  drawing.undo();
  assert.deepEqual(told, [before]);
  drawing.replaceLayers({ words: drawing.layers.words.slice(), order: drawing.layers.order }, { before, after: before });
  assert.equal(drawing.history.past.length, steps);
});

test("a change of the settings alone is a step of its own", () => {
  // Undo after mute took back the last stroke instead.
  const drawing = face();
  const told = [];
  drawing.addEventListener("travel", ({ detail }) => told.push(detail));
  const painted = drawing.labels.slice();
  drawing.note({ before: { muted: [] }, after: { muted: [13] } });
  drawing.undo();
  assert.deepEqual(drawing.labels, painted);
  drawing.redo();
  drawing.undo();
  assert.deepEqual(told, [{ muted: [] }, { muted: [13] }, { muted: [] }]);
  drawing.undo();
  assert.notDeepEqual(drawing.labels, painted);
});
