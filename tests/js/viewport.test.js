// Zoom and pan: what is under the pointer stays there, and the drawing cannot get lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Viewport } from "../../facemogle/ui/static/js/canvas/viewport.js";

const sized = (stage) => {
  const viewport = new Viewport();
  viewport.resize(stage);
  return viewport;
};
const near = (actual, expected) =>
  actual.forEach((value, axis) => assert.ok(Math.abs(value - expected[axis]) < 1e-9));

test("zooming keeps the point under the pointer, and painting meets what is seen there", () => {
  const viewport = sized(600);
  const pointer = [430, 170];
  const before = viewport.locate(pointer);
  viewport.zoomAt(3.7, pointer);
  near(viewport.locate(pointer), before);
  near(viewport.project(before), pointer);
  assert.ok(Math.abs(viewport.scale - (3.7 * 600) / 512) < 1e-9);
});

test("panning stops at the drawing's edges, and a fitting drawing cannot be panned", () => {
  const viewport = sized(600);
  viewport.pan(90, -40);
  assert.deepEqual([viewport.x, viewport.y], [0, 0]);
  viewport.zoomAt(2);
  viewport.pan(9000, -9000);
  assert.deepEqual([viewport.x, viewport.y], [0, -600]);
});

test("100 % is one pixel for one, also on a stage smaller than the drawing", () => {
  for (const stage of [300, 760]) {
    const viewport = sized(stage);
    viewport.actual();
    assert.ok(Math.abs(viewport.scale - 1) < 1e-9);
    viewport.fit();
    near(viewport.project([512, 512]), [stage, stage]);
  }
});

test("a drawing smaller than the stage lies in its middle", () => {
  const viewport = sized(760);
  viewport.zoomAt(0.01, [0, 0]);
  near(viewport.project([256, 256]), [380, 380]);
});

test("a stage of another size shows the same place", () => {
  const viewport = sized(600);
  viewport.zoomAt(4, [450, 150]);
  const middle = viewport.locate([300, 300]);
  viewport.resize(300);
  near(viewport.locate([150, 150]), middle);
});
