// The gate in words says what its numbers say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FULL_WEIGHT, Run } from "../../facemogle/ui/static/js/run/run.js";
import { told } from "../../facemogle/ui/static/js/layers/row.js";
import { sentence } from "../../facemogle/ui/static/js/gate/sentence.js";

const titles = ["Global", "Background", "Hair"];

/** A run of one step with two tokens, of background and of hair. hair: the weights of its expert. */
function made(hair) {
  const run = new Run({ steps: 1, grid: [1, 2], experts: 3, labels: Uint8Array.of(0, 1, 0, 1) });
  const weights = hair.flatMap((weight) => [0.2, 0.8 - weight, weight]);
  run.reports = [{ t: 1, image: "", values: Uint16Array.from(weights, (weight) => weight * FULL_WEIGHT) }];
  return run;
}

test("an expert is compared in its region and elsewhere", () => {
  assert.equal(sentence(made([0.2, 0.3]), 0, 2, titles), "Hair: 1.5 times as heavy in hair as elsewhere.");
  assert.equal(sentence(made([0.3, 0.2]), 0, 2, titles),
    "Hair: 1.5 times as heavy in places without hair as in hair.");
  assert.equal(sentence(made([0.2, 0.2]), 0, 2, titles), "Hair: as heavy in hair as elsewhere.");
});

test("the global expert has no region, and winners are counted", () => {
  assert.equal(sentence(made([0.2, 0.3]), 0, 0, titles), "Global: 20.0 % of the weight over the whole image.");
  assert.equal(sentence(made([0.2, 0.3]), 0, 3, titles), "Background weighs most at 100.0 % of the image.");
});

test("the sentence and the list say the same share", () => {
  // The list had 0.2 % where the sentence had 0 %.
  const { text } = told({ weight: 0.2 });
  assert.ok(sentence(made([0.2, 0.3]), 0, 0, titles).includes(` ${text} `));
});
