// The order of the layers decides what covers what; their own pixels stay.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LayerView } from "../../facemogle/ui/static/js/layers/view.js";
import { blend } from "../../facemogle/ui/static/js/canvas/screen.js";
import {
  at, BACKGROUND, blank, count, face, HAIR, L_EYE, NOSE, R_EYE, SKIN,
} from "./face.js";

const HAT = 14;
const rankOf = (drawing, region) => drawing.layers.order.indexOf(region);

/** Hair over the upper half of the face, the eye of it included. */
function fringed() {
  const drawing = face();
  drawing.rectangle([100, 100], [412, 300], { region: HAIR });
  return drawing;
}

test("the highest layer of a pixel is its label, in any order", () => {
  const drawing = fringed();
  assert.equal(at(drawing, 320, 210), HAIR);
  const own = drawing.layers.count().own;
  drawing.reorder(HAIR, rankOf(drawing, SKIN));
  assert.deepEqual([at(drawing, 320, 210), at(drawing, 200, 200)], [L_EYE, SKIN]);
  drawing.reorder(L_EYE, 1);
  assert.equal(at(drawing, 320, 210), SKIN);
  assert.deepEqual(drawing.layers.count().own, own); // nobody lost a pixel
});

test("a new order is one step of undo, and strokes before and after it come back too", () => {
  // Steps that know bits only would bring them back into the wrong order.
  const drawing = fringed();
  const states = [];
  const keep = () => states.push([drawing.labels.slice(), [...drawing.layers.order]]);
  keep();
  drawing.reorder(SKIN, 18);
  keep();
  drawing.rectangle([90, 90], [130, 130], { region: NOSE });
  keep();
  drawing.replace(face().labels); // comes in the first order
  keep();
  for (const [labels, order] of states.slice(0, -1).reverse()) {
    drawing.undo();
    assert.deepEqual([drawing.labels, drawing.layers.order], [labels, order]);
  }
  for (const [labels, order] of states.slice(1)) {
    drawing.redo();
    assert.deepEqual([drawing.labels, drawing.layers.order], [labels, order]);
  }
});

test("a layer that is put where it is, and the background, make no step", () => {
  const drawing = fringed();
  const steps = drawing.history.past.length;
  drawing.reorder(HAIR, rankOf(drawing, HAIR));
  drawing.reorder(BACKGROUND, 5);
  drawing.reorder(HAT, 99);
  assert.equal(drawing.history.past.length, steps);
  drawing.reorder(HAIR, 0);
  assert.equal(rankOf(drawing, BACKGROUND), 0);
  assert.equal(rankOf(drawing, HAIR), 1);
});

test("painting cuts away what is higher in the new order, and only that", () => {
  const drawing = fringed();
  drawing.reorder(SKIN, 18);
  drawing.rectangle([300, 200], [340, 220], { region: L_EYE });
  assert.equal(at(drawing, 320, 210), L_EYE);
  drawing.undo();
  drawing.reorder(L_EYE, 18);
  drawing.rectangle([300, 200], [340, 220], { region: SKIN });
  assert.equal(at(drawing, 320, 210), SKIN);
  assert.equal(drawing.layers.count().own[HAIR], 312 * 200); // was below already
});

test("replacing shows no more of the target than the one replaced has shown", () => {
  const drawing = fringed();
  drawing.reorder(HAIR, 1);
  const shown = drawing.labels.slice();
  drawing.recolor(L_EYE, R_EYE);
  assert.deepEqual(drawing.labels, shown.map((label) => (label === L_EYE ? R_EYE : label)));
  drawing.recolor(HAIR, NOSE); // wholly covered: nothing may come out
  assert.equal(count(drawing, NOSE), 0);
});

test("saved words come back with their order", () => {
  const drawing = fringed();
  drawing.reorder(SKIN, 18);
  const again = blank();
  const { words, order } = JSON.parse(JSON.stringify({
    words: [...drawing.layers.words], order: drawing.layers.order,
  }));
  again.layers.setWords(Uint32Array.from(words), order);
  assert.deepEqual(again.labels, drawing.labels);
});

test("a region taken from another face is its pixels there, under what lies over it", () => {
  const drawing = face();
  const other = face();
  other.rectangle([250, 250], [270, 300], { region: NOSE });
  other.rectangle([310, 150], [350, 170], { region: L_EYE });
  drawing.takeRegion(other.labels, L_EYE);
  drawing.takeRegion(other.labels, NOSE);
  assert.equal(count(drawing, NOSE), 20 * 50);
  const mine = drawing.labels.map((label) => Number(label === L_EYE));
  assert.deepEqual(mine, other.labels.map((label) => Number(label === L_EYE)));
  drawing.undo();
  drawing.undo();
  assert.deepEqual(drawing.labels, face().labels);
});

test("a see-through layer changes the screen, not the label map", () => {
  const drawing = face();
  const before = drawing.labels.slice();
  const states = new LayerView(drawing.layers);
  states.setOpacity(L_EYE, 0.5);
  assert.deepEqual(drawing.labels, before);
  const again = new LayerView(face().layers, JSON.parse(JSON.stringify(states.saved)));
  assert.deepEqual([again.opacity(L_EYE), again.opacity(SKIN)], [0.5, 1]);
  states.setOpacity(L_EYE, 1);
  assert.deepEqual(states.saved.opacities, []);
});

test("colours of layers over one another", () => {
  const palette = [[0, 0, 0], [200, 100, 0]];
  assert.deepEqual(blend([[0, 1], [1, 1]], palette), [200, 100, 0, 1]);
  assert.deepEqual(blend([[0, 1], [1, 0.5]], palette), [100, 50, 0, 1]);
  assert.deepEqual(blend([[1, 0.25]], palette), [200, 100, 0, 0.25]); // over the image beneath
  assert.deepEqual(blend([], palette), [0, 0, 0, 0]);
});
