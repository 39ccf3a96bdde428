// What the gating view draws, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import { DIVERGING_COLORS, pixelOf, SEQUENTIAL_COLORS } from "../../facemogle/ui/static/js/gate/colormap.js";
import { labelPlaces, niceTop } from "../../facemogle/ui/static/js/gate/axes.js";
import { Scene } from "../../facemogle/ui/static/js/gate/scene.js";
import { FULL_WEIGHT, Run } from "../../facemogle/ui/static/js/run/run.js";

const colors = [[150, 150, 150], [204, 0, 0]];

function made(...steps) {
  const run = new Run({ steps: steps.length, grid: [1, 2], experts: 2 });
  steps.forEach(([t, first, second]) => {
    const values = [first, 1 - first, second, 1 - second].map((w) => Math.round(w * FULL_WEIGHT));
    run.add({ t, image: "", gate: toBase64(new Uint8Array(Uint16Array.from(values).buffer)) });
  });
  return run;
}

const pinned = made([1, 0.5, 0.5], [0.5, 0.25, 0.5]);
const run = made([0.5, 0.75, 0.5]);
const scene = (options) => new Scene({ run, step: 0, pinned, mode: "run", scale: "relative", colors, ...options });

test("the relative scale spans the map, the absolute one does not", () => {
  const [relative] = scene().expert(0).layers;
  assert.deepEqual([...relative], [SEQUENTIAL_COLORS[255], SEQUENTIAL_COLORS[0]]);
  const { layers: [absolute], from, to } = scene({ scale: "absolute" }).expert(0);
  // Up to the largest weight of all: up to 1 every map was black.
  assert.deepEqual([from, to.toFixed(3)], [0, "0.750"]);
  assert.equal(absolute[0], SEQUENTIAL_COLORS[255]);
  assert.notEqual(absolute[1], SEQUENTIAL_COLORS[0]);
});

test("who hardly weighs anything is dark", () => {
  // A map of 0.1 % at most was as bright as one of 90 %.
  const { layers, to } = new Scene({ run: made([1, 0.001, 0]), step: 0, pinned: null, mode: "run", scale: "relative", colors }).expert(0);
  assert.equal(to, 0.5); // an equal share of two experts
  assert.equal(layers[0][0], SEQUENTIAL_COLORS[1]);
});

test("a constant map is drawn in the lowest colour, not left clear", () => {
  // 0 * infinity is NaN, and colour number NaN is none.
  const flat = new Scene({ run: made([1, 0.5, 0.5]), step: 0, pinned: null, mode: "run", scale: "relative", colors });
  assert.deepEqual([...flat.expert(0).layers[0]], [SEQUENTIAL_COLORS[0], SEQUENTIAL_COLORS[0]]);
});

test("side by side shares one scale, the pinned run at the left at the same t", () => {
  // Each on its own scale, a weak map looks as strong as a strong one.
  const { layers, from, to, summaries } = scene({ mode: "both" }).expert(0);
  assert.equal(layers.length, 2);
  assert.ok(Math.abs(from - 0.25) < 1e-4 && Math.abs(to - 0.75) < 1e-4);
  assert.equal(layers[0][0], SEQUENTIAL_COLORS[0]);
  assert.equal(layers[1][0], SEQUENTIAL_COLORS[255]);
  assert.ok(summaries[0].mean < summaries[1].mean);
});

test("a difference is red where the newer run weighs more, and centred on no difference", () => {
  const more = scene({ mode: "difference" }).expert(0);
  assert.deepEqual([...more.layers[0]], [DIVERGING_COLORS[255], DIVERGING_COLORS[128]]);
  assert.equal(more.from, -more.to);
  const less = scene({ mode: "difference" }).expert(1);
  assert.equal(less.layers[0][0], DIVERGING_COLORS[0]);
});

test("a run minus itself is the middle colour everywhere", () => {
  const same = scene({ mode: "difference", pinned: run }).expert(0);
  assert.ok(same.layers[0].every((pixel) => pixel === DIVERGING_COLORS[128]));
});

test("winners are drawn in their region's colour; as a difference only where they changed", () => {
  assert.deepEqual([...scene().winners().layers[0]], [colors[0], colors[0]].map(pixelOf));
  const { layers: [changes], changed } = scene({ mode: "difference" }).winners();
  assert.deepEqual([...changes], [pixelOf(colors[0]), 0]);
  assert.equal(changed, 0.5);
});

test("an axis ends at or a little above the largest value", () => {
  for (const value of [0.003, 0.05, 0.2, 0.21, 0.9, 1]) {
    const top = niceTop(value);
    assert.ok(top >= value - 1e-12 && top <= 2.5 * value, `${value} -> ${top}`);
  }
  assert.equal(niceTop(0), 1);
});

test("labels do not overlap and stay above the axis", () => {
  const places = labelPlaces([10, 11, 12, 178, 180], 13, 182);
  places.slice(1).forEach((place, i) => assert.ok(place - places[i] >= 13));
  assert.ok(places.at(-1) <= 182);
  assert.equal(places[0], 10);
});
