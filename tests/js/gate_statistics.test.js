// The numbers of the gating view, on runs small enough to count by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import * as statistics from "../../facemogle/ui/static/js/gate/statistics.js";
import { FULL_WEIGHT, Run } from "../../facemogle/ui/static/js/run/run.js";

const near = (actual, expected) =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-4, `${actual} != ${expected}`));

/** steps: [[t, [[weight per expert] per token]]]. */
function made({ grid, steps, labels }) {
  const run = new Run({ steps: steps.length, grid, experts: steps[0][1][0].length, labels });
  steps.forEach(([t, weights]) => {
    const values = Uint16Array.from(weights.flat().map((weight) => Math.round(weight * FULL_WEIGHT)));
    run.add({ t, image: "", gate: toBase64(new Uint8Array(values.buffer)) });
  });
  return run;
}

// A 4x4 mask on 2x2 tokens: region 0 above, region 1 below, and a quarter of the last token is 0.
const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0);
const run = made({
  grid: [2, 2],
  labels,
  steps: [
    [1, [[0.2, 0.8, 0], [0.5, 0.5, 0], [0.1, 0.3, 0.6], [0.2, 0.4, 0.4]]],
    [0.5, [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]],
  ],
});

test("coverage counts partly covered tokens in part, and every token once", () => {
  const shares = statistics.coverage(labels, [2, 2], 2);
  assert.deepEqual(shares.map((map) => [...map]), [[1, 1, 0, 0.25], [0, 0, 1, 0.75]]);
});

test("coverage of a grid that the mask's side is no multiple of still adds up to 1", () => {
  // Dividing by a fixed number of pixels gives tokens shares above or below 1.
  const odd = Uint8Array.from({ length: 25 }, (_, i) => i % 3);
  const shares = statistics.coverage(odd, [2, 3], 3);
  for (let token = 0; token < 6; token++) {
    near([shares.reduce((sum, map) => sum + map[token], 0)], [1]);
  }
});

test("a token's region is the one that covers most of it", () => {
  assert.deepEqual([0, 1, 2, 3].map((token) => statistics.regionAt(run, token)), [0, 0, 1, 1]);
});

test("means inside and outside weigh tokens by coverage", () => {
  near(statistics.meanCurve(run, 1, "inside"), [(0.8 + 0.5 + 0.25 * 0.4) / 2.25, 0]);
  near(statistics.meanCurve(run, 1, "outside"), [(0.3 + 0.75 * 0.4) / 1.75, 1 / 1.75]);
  near(statistics.meanCurve(run, 1, "whole"), [0.5, 0.25]);
});

test("there is no mean where there is nothing to average", () => {
  // 0 / 0 would draw the curve of an empty region at NaN, or at 0 as if its expert were ignored.
  const full = made({ grid: [1, 1], labels: Uint8Array.of(0), steps: [[1, [[0.2, 0.3, 0.5]]]] });
  assert.deepEqual(statistics.meanCurve(full, 1, "outside"), [null]);
  assert.deepEqual(statistics.meanCurve(full, 2, "inside"), [null]);
  assert.deepEqual(statistics.meanCurve(full, 0, "inside"), [null]);
  near(statistics.meanCurve(full, 2, "outside"), [0.5]);
});

test("a run without a mask has means over the whole image only", () => {
  const free = made({ grid: [1, 1], steps: [[1, [[0.4, 0.6]]]] });
  near(statistics.meanCurve(free, 1, "whole"), [0.6]);
  assert.deepEqual(statistics.meanCurve(free, 1, "inside"), [null]);
});

test("curves at a place follow one token through the steps", () => {
  near(statistics.placeCurve(run, 2, 3), [0.4, 1]);
});

test("the winner weighs most, and the lower number where two are equal", () => {
  assert.deepEqual([...statistics.winners(run, 0)], [1, 0, 2, 1]);
  assert.deepEqual([...statistics.winners(run, 1)], [0, 0, 1, 2]);
});

test("winners are listed by how much they won", () => {
  assert.deepEqual(statistics.winnerShares(Uint8Array.of(3, 1, 3, 3)), [[3, 0.75], [1, 0.25]]);
});

test("runs of different lengths meet at equal noise, not at equal step numbers", () => {
  assert.equal(statistics.stepAt(run, 0.9), 0);
  assert.equal(statistics.stepAt(run, 0.1), 1);
});

test("the difference keeps its sign, and a run does not differ from itself", () => {
  near([...statistics.difference(run, 1, run, 0, 0)], [0.8, 0.5, -0.1, -0.2]);
  assert.ok(statistics.difference(run, 1, run, 1, 0).every((value) => value === 0));
});

test("summary finds the extremes of negative maps as well", () => {
  assert.deepEqual(statistics.summary(Float32Array.of(-0.5, -0.25, 0)), { low: -0.5, high: 0, mean: -0.25 });
});
