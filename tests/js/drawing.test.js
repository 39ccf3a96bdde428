// Each tool leaves exactly the label map that a painter expects.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";
import {
  at, BACKGROUND, blank, count, face, HAIR, L_EYE, NOSE, PARTNERS, R_EYE, reflection, SKIN,
} from "./face.js";

const dab = (drawing, x, y, hand) => {
  drawing.beginStroke();
  drawing.stroke([x, y], [x, y], { size: 20, erases: false, ...hand });
  drawing.endStroke();
};

test("a rectangle covers the pixels whose centres are inside, from any corner", () => {
  // Rounding both edges the same way would add a row and a column.
  const drawing = blank();
  drawing.rectangle([20, 30], [10, 10], { region: SKIN });
  assert.equal(count(drawing, SKIN), 10 * 20);
  assert.deepEqual([at(drawing, 10, 10), at(drawing, 19, 29)], [SKIN, SKIN]);
  assert.deepEqual([at(drawing, 9, 10), at(drawing, 20, 29), at(drawing, 10, 30)], [0, 0, 0]);
});

test("a rectangle that leaves the drawing is cut at its edge", () => {
  // An unclipped span would go on in the next row.
  const drawing = blank();
  drawing.rectangle([-50, -50], [5, 5], { region: SKIN });
  drawing.rectangle([SIDE - 5, SIDE - 5], [900, 900], { region: SKIN });
  assert.equal(count(drawing, SKIN), 50);
});

test("a lasso closes its outline and leaves a notch open", () => {
  // A convex fill would cover the notch.
  const drawing = blank();
  drawing.lasso([[0, 0], [100, 0], [100, 100], [50, 50], [0, 100]], { region: HAIR });
  assert.equal(at(drawing, 20, 50), HAIR);
  assert.equal(at(drawing, 80, 50), HAIR);
  assert.equal(at(drawing, 50, 90), BACKGROUND);
  assert.equal(at(drawing, 101, 10), BACKGROUND);
});

test("a lasso along pixel edges covers what the rectangle covers", () => {
  // Shared corners counted twice would turn a row inside out.
  const [a, b] = [blank(), blank()];
  a.lasso([[10, 10], [60, 10], [60, 40], [10, 40]], { region: SKIN });
  b.rectangle([10, 10], [60, 40], { region: SKIN });
  assert.deepEqual(a.labels, b.labels);
});

test("fill stays in its connected area", () => {
  const drawing = face();
  drawing.rectangle([150, 200], [190, 220], { region: L_EYE });
  const skin = count(drawing, SKIN);
  drawing.fill(320, 210, { region: NOSE });
  assert.equal(count(drawing, NOSE), 40 * 20);
  assert.equal(at(drawing, 160, 210), L_EYE);
  assert.equal(count(drawing, SKIN), skin);
});

test("replacing A by B changes every A and nothing else", () => {
  // B may be lower or higher than A, and A may lie hidden under a third region.
  for (const [from, to] of [[L_EYE, HAIR], [HAIR, L_EYE], [SKIN, NOSE], [BACKGROUND, SKIN]]) {
    const drawing = face();
    drawing.rectangle([310, 190], [500, 230], { region: HAIR });
    const expected = drawing.labels.map((label) => (label === from ? to : label));
    drawing.recolor(from, to);
    assert.deepEqual(drawing.labels, expected, `${from} by ${to}`);
    drawing.clear(to);
    if (from !== BACKGROUND) assert.equal(count(drawing, from), 0, `${from} came back from beneath ${to}`);
  }
});

test("a stroke of hair over the eye does not destroy the eye", () => {
  const drawing = face();
  const before = drawing.labels.slice();
  dab(drawing, 320, 210, { region: HAIR });
  assert.equal(at(drawing, 320, 210), HAIR);
  drawing.clear(HAIR);
  assert.deepEqual(drawing.labels, before);
});

test("a locked layer is neither painted, erased, cut away nor covered", () => {
  const drawing = face();
  drawing.layers.locked = drawing.layers.bitOf[L_EYE];
  const before = drawing.labels.slice();
  dab(drawing, 320, 210, { region: SKIN });
  dab(drawing, 320, 210, { region: L_EYE, erases: true });
  drawing.rectangle([300, 200], [340, 220], { region: HAIR });
  drawing.recolor(L_EYE, SKIN);
  drawing.clear(L_EYE);
  assert.equal(drawing.lift(L_EYE), null);
  assert.deepEqual(drawing.labels, before);
  dab(drawing, 200, 300, { region: L_EYE });
  assert.deepEqual(drawing.labels, before);
  drawing.rectangle([290, 190], [350, 230], { region: HAIR });
  assert.equal(count(drawing, L_EYE), 40 * 20);
  assert.equal(count(drawing, HAIR), 60 * 40 - 40 * 20);
});

test("a hidden part of a locked layer survives paint on what hides it", () => {
  const drawing = face();
  drawing.rectangle([290, 190], [350, 230], { region: HAIR });
  drawing.layers.locked = drawing.layers.bitOf[L_EYE];
  drawing.rectangle([290, 190], [350, 230], { region: SKIN });
  assert.equal(count(drawing, L_EYE), 40 * 20);
});

test("moving a layer leaves skin beneath, and moving it back restores all", () => {
  const drawing = face();
  const before = drawing.labels.slice();
  const by = (x, y) => (box) => ({
    left: box.left + x, right: box.right + x, top: box.top + y, bottom: box.bottom + y,
  });
  drawing.shift(L_EYE, by(30, 15));
  assert.equal(at(drawing, 305, 205), SKIN);
  assert.equal(at(drawing, 330, 215), L_EYE);
  assert.equal(count(drawing, L_EYE), 40 * 20);
  drawing.shift(L_EYE, by(-30, -15));
  assert.deepEqual(drawing.labels, before);
});

test("scaling a layer scales its area, flipping twice changes nothing", () => {
  const drawing = face();
  drawing.rectangle([300, 200], [310, 205], { region: SKIN }); // makes it lopsided
  const before = drawing.labels.slice();
  drawing.shift(L_EYE, (box) => box, true);
  assert.equal(at(drawing, 339, 200), SKIN);
  assert.equal(at(drawing, 300, 200), L_EYE);
  drawing.shift(L_EYE, (box) => box, true);
  assert.deepEqual(drawing.labels, before);
  const area = count(drawing, L_EYE);
  drawing.shift(L_EYE, (box) => ({ ...box, right: box.left + 80, bottom: box.top + 40 }));
  assert.equal(count(drawing, L_EYE), 4 * area);
});

test("a move under way shows only its last place, and can be cancelled", () => {
  // Places that the pointer passed must not stay behind.
  const drawing = face();
  const before = drawing.labels.slice();
  const box = drawing.lift(L_EYE);
  for (let x = 0; x < 60; x += 10) drawing.place({ ...box, left: box.left + x, right: box.right + x });
  assert.equal(count(drawing, L_EYE), 40 * 20);
  drawing.cancelStroke();
  assert.deepEqual(drawing.labels, before);
  assert.equal(drawing.isStroking, false);
});

test("one region is taken from another face, the rest stays", () => {
  const [drawing, other] = [face(), blank()];
  other.rectangle([300, 150], [400, 170], { region: L_EYE });
  drawing.takeRegion(other.labels, L_EYE);
  assert.equal(count(drawing, L_EYE), 100 * 20);
  assert.equal(at(drawing, 320, 210), SKIN);
});

for (const axis of [256, 255, 200]) {
  for (const start of [120, 380]) {
    test(`mirror painting about ${axis} from ${start} is symmetric, with sides exchanged`, () => {
      // Also where the stroke crosses the axis, and for odd and even brush sizes.
      const drawing = blank();
      const mirror = { axis, isLeft: start < axis };
      drawing.beginStroke();
      for (const size of [1, 18, 33]) {
        const to = [axis + 30, 80 + 4 * size];
        drawing.stroke([start, 60 + 4 * size], to, { region: L_EYE, size, mirror });
      }
      drawing.endStroke();
      drawing.rectangle([start, 300], [start + 40, 330], { region: L_EYE, mirror });
      drawing.lasso([[start, 400], [start + 50, 400], [start, 450]], { region: HAIR, mirror });
      assert.ok(count(drawing, L_EYE) > 0 && count(drawing, R_EYE) > 0);
      const mirrored = reflection(drawing.labels, axis);
      assert.ok(mirrored.every((label, i) => label === null || label === drawing.labels[i]));
      assert.equal(at(drawing, start + 1, 310), L_EYE);
    });
  }
}

test("a flat mask gets skin under its eyes", () => {
  const drawing = blank();
  drawing.replace(face().labels);
  drawing.clear(L_EYE);
  assert.equal(at(drawing, 320, 210), SKIN);
});

test("swapping sides exchanges the layers, hidden parts too", () => {
  const drawing = face();
  drawing.rectangle([290, 190], [350, 230], { region: HAIR });
  drawing.swapSides();
  drawing.clear(HAIR);
  assert.equal(count(drawing, PARTNERS[L_EYE]), 40 * 20);
  assert.equal(count(drawing, L_EYE), 0);
});

test("counts tell what a layer has and what of it shows", () => {
  const drawing = face();
  drawing.rectangle([300, 200], [340, 210], { region: HAIR });
  const { own, shown } = drawing.layers.count();
  assert.deepEqual([own[L_EYE], shown[L_EYE], own[NOSE]], [40 * 20, 40 * 10, 0]);
  assert.equal(shown.reduce((a, b) => a + b), SIDE * SIDE);
});
