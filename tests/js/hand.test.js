// What the hand holds, the keys that change it, and the gestures on the canvas.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Brush } from "../../facemogle/ui/static/js/canvas/brush.js";
import { begin, scaledBox } from "../../facemogle/ui/static/js/canvas/gestures.js";
import { commandOf, SHEET } from "../../facemogle/ui/static/js/canvas/keys.js";
import { LayerView } from "../../facemogle/ui/static/js/layers/view.js";
import { at, count, face, HAIR, L_EYE, NOSE, R_EYE, SKIN } from "./face.js";

const PLAIN = { shiftKey: false, altKey: false, pointerType: "mouse", pressure: 0.5, buttons: 1 };

function desk(drawing, hand) {
  const overlay = { outline() {}, frame() {} };
  const brush = new Brush({ region: HAIR, ...hand });
  return { drawing, brush, overlay, viewport: { scale: 1 }, last: null };
}

function draw(place, points, event = PLAIN) {
  const gesture = begin(place, points[0], event);
  points.slice(1).forEach((point) => gesture.move(point, event));
  gesture.end();
}

test("Shift+click draws a straight line from the last point", () => {
  const place = desk(face(), { size: 5 });
  draw(place, [[20, 20]]);
  assert.equal(at(place.drawing, 50, 50), 0);
  draw(place, [[80, 80]], { ...PLAIN, shiftKey: true });
  assert.equal(at(place.drawing, 50, 50), HAIR);
});

test("Shift+click without a last point is a dab", () => {
  const place = desk(face(), { size: 5 });
  draw(place, [[80, 80]], { ...PLAIN, shiftKey: true });
  assert.equal(at(place.drawing, 80, 80), HAIR);
});

test("Alt picks with any tool and keeps it; the pick tool gives the hand back its tool", () => {
  const place = desk(face(), { tool: "lasso" });
  const before = place.drawing.labels.slice();
  draw(place, [[310, 210]], { ...PLAIN, altKey: true });
  assert.deepEqual([place.brush.region, place.brush.tool], [L_EYE, "lasso"]);
  place.brush.set({ tool: "pick" });
  draw(place, [[200, 300]]);
  assert.deepEqual([place.brush.region, place.brush.tool], [SKIN, "lasso"]);
  assert.deepEqual(place.drawing.labels, before);
});

test("a light pen paints less than a firm one, and turned round it erases", () => {
  const area = (pressure, buttons = 1) => {
    const place = desk(face(), { size: 40 });
    draw(place, [[60, 60]], { ...PLAIN, pointerType: "pen", pressure });
    if (buttons !== 1) draw(place, [[60, 60]], { ...PLAIN, pointerType: "pen", pressure: 1, buttons });
    return count(place.drawing, HAIR);
  };
  assert.ok(area(0.1) < area(0.5) && area(0.5) < area(1));
  assert.equal(area(1, 32), 0);
});

test("a tap beside the drawing does nothing", () => {
  for (const tool of ["fill", "replace", "pick"]) {
    assert.equal(begin(desk(face(), { tool }), [-3, 20], PLAIN), null);
  }
});

test("a stroke in the mirror keeps its side when it crosses the axis", () => {
  const place = desk(face(), { region: L_EYE, size: 9, mirrors: true });
  draw(place, [[330, 300], [230, 300]]);
  assert.deepEqual([at(place.drawing, 300, 300), at(place.drawing, 212, 300)], [L_EYE, R_EYE]);
  assert.deepEqual([at(place.drawing, 240, 300), at(place.drawing, 272, 300)], [R_EYE, L_EYE]);
});

test("dragging moves the layer in hand, a corner scales it about the opposite one", () => {
  const place = desk(face(), { tool: "move", region: L_EYE });
  draw(place, [[320, 210], [330, 230]]);
  assert.deepEqual(place.drawing.layers.cut(L_EYE).box,
    { left: 310, top: 220, right: 350, bottom: 240 });
  draw(place, [[350, 240], [390, 250]]);
  assert.deepEqual(place.drawing.layers.cut(L_EYE).box,
    { left: 310, top: 220, right: 390, bottom: 260 });
});

test("a layer scaled to nothing keeps a pixel", () => {
  const box = { left: 10, top: 10, right: 20, bottom: 20 };
  assert.deepEqual(scaledBox(box, [10, 10], -3, 0), { left: 10, top: 10, right: 11, bottom: 11 });
});

test("the brush keeps within its limits and remembers the last two layers", () => {
  const brush = new Brush({ region: HAIR });
  brush.set({ size: 9000, axis: -4 });
  assert.deepEqual([brush.size, brush.axis], [160, 1]);
  brush.set({ region: NOSE });
  brush.swapRegion();
  assert.equal(brush.region, HAIR);
  brush.swapRegion();
  assert.equal(brush.region, NOSE);
});

test("only locks reach the drawing; eye and solo are for the screen", () => {
  const { layers } = face();
  const states = new LayerView(layers);
  const before = layers.labels.slice();
  for (const kind of ["hidden", "locked", "solo"]) states.toggle(kind, L_EYE);
  assert.deepEqual(layers.labels, before);
  assert.equal(layers.locked, layers.bitOf[L_EYE]);
  const again = new LayerView(face().layers, JSON.parse(JSON.stringify(states.saved)));
  for (const kind of ["hidden", "locked", "solo"]) assert.ok(again.is(kind, L_EYE));
  states.toggle("locked", L_EYE);
  assert.equal(layers.locked, 0);
});

test("keys are told apart by what is held with them", () => {
  const press = (key, held = {}) => commandOf({ key, ...held });
  assert.equal(press("c"), undefined);
  assert.equal(press("C", { shiftKey: true }), "clear");
  assert.equal(press("Z", { ctrlKey: true, shiftKey: true }), "redo");
  assert.equal(press("z", { metaKey: true }), "undo");
  assert.equal(press("“", { altKey: true, code: "BracketLeft" }), "layerBelow");
  assert.equal(press("b", { ctrlKey: true }), undefined);
  assert.equal(press("?", { shiftKey: true }), "help");
  assert.ok(SHEET.flatMap(([, rows]) => rows).every(([keys, text]) => keys && text));
});

test("shortcuts work in other alphabets and with AltGr", () => {
  const plain = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };
  assert.equal(commandOf({ ...plain, key: "и", code: "KeyB" }), "brush"); // Cyrillic
  assert.equal(commandOf({ ...plain, key: "я", code: "KeyZ", ctrlKey: true }), "undo");
  assert.equal(commandOf({ ...plain, key: "b", code: "KeyN" }), "brush"); // Dvorak: the letter counts
  const getModifierState = (name) => name === "AltGraph";
  const altGr = { ...plain, altKey: true, ctrlKey: true, getModifierState };
  assert.equal(commandOf({ ...altGr, key: "[", code: "Digit8" }), "smaller");
  assert.equal(commandOf({ ...altGr, key: "]", code: "Digit9" }), "larger");
});
