// Pen and palm on the stage: the hand that holds the pen rests on the glass.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Brush } from "../../facemogle/ui/static/js/canvas/brush.js";
import { Easel } from "../../facemogle/ui/static/js/canvas/easel.js";
import { Viewport } from "../../facemogle/ui/static/js/canvas/viewport.js";
import { count, face, HAIR } from "./face.js";

globalThis.ResizeObserver = class { observe() {} };

/** An easel, and act(type, pointer, id, x, y) that tells it of a pointer. */
function desk() {
  const heard = {};
  const stage = {
    querySelector: () => ({ style: {} }), matches: () => true, focus() {}, classList: { toggle() {} },
    addEventListener: (type, handle) => (heard[type] = handle), clientWidth: 512,
    getBoundingClientRect: () => ({ left: 0, top: 0 }), setPointerCapture() {},
  };
  const drawing = face();
  const brush = new Brush({ region: HAIR, size: 20 });
  const overlay = { point() {}, outline() {}, frame() {} };
  const viewport = new Viewport();
  new Easel(stage, { drawing, brush, viewport, overlay, onHover() {} });
  const act = (type, pointerType, pointerId, clientX, clientY) => heard[`pointer${type}`]({
    pointerType, pointerId, clientX, clientY, button: 0, buttons: 1, pressure: 1, isTrusted: false,
    shiftKey: false, altKey: false, preventDefault() {},
  });
  return { drawing, viewport, act };
}

const write = (act) => {
  act("down", "pen", 1, 150, 300);
  act("move", "pen", 1, 350, 300);
};

test("a palm that lies down while the pen writes leaves the stroke alone", () => {
  // Two touches took it for a zoom, and nothing was left of the stroke.
  const { drawing, viewport, act } = desk();
  write(act);
  act("down", "touch", 2, 400, 400);
  act("down", "touch", 3, 430, 420);
  act("move", "touch", 3, 440, 430);
  act("up", "touch", 2, 400, 400);
  act("up", "touch", 3, 440, 430);
  act("move", "pen", 1, 380, 300);
  act("up", "pen", 1, 380, 300);
  assert.ok(count(drawing, HAIR) > 20 * 230);
  assert.equal(drawing.regionAt(380, 300), HAIR);
  assert.equal(viewport.zoom, 1);
});

test("a palm that lies down first leaves no dab, and the pen writes", () => {
  const { drawing, act } = desk();
  act("down", "touch", 2, 400, 400);
  act("move", "touch", 2, 404, 401);
  write(act);
  act("up", "touch", 2, 404, 401);
  act("up", "pen", 1, 350, 300);
  assert.notEqual(drawing.regionAt(400, 400), HAIR);
  assert.equal(drawing.regionAt(300, 300), HAIR);
  drawing.undo();
  assert.equal(count(drawing, HAIR), 0); // one stroke, one undo
});

test("after a pen fingers do not paint", () => {
  const { drawing, act } = desk();
  write(act);
  act("up", "pen", 1, 350, 300);
  const painted = count(drawing, HAIR);
  act("down", "touch", 2, 150, 400);
  act("move", "touch", 2, 350, 400);
  act("up", "touch", 2, 350, 400);
  assert.equal(count(drawing, HAIR), painted);
});
