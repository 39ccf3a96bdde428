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
  // Told as a ratio alone, an expert at four times its strength seemed to weigh less.
  assert.equal(sentence(made([0.2, 0.3]), 0, 2, titles),
    "Hair: 30.0 % of the weight in hair, 20.0 % elsewhere: 1.5 times as much.");
  assert.equal(sentence(made([0.3, 0.2]), 0, 2, titles), "Hair: 20.0 % of the weight in hair, 30.0 % elsewhere.");
});

test("of a region that was muted, no weight is told", () => {
  // Its expert weighs something all the same, and seemed not to be muted.
  const run = Object.assign(made([0.2, 0.3]), { settings: { muted: [1] } });
  assert.match(sentence(run, 0, 2, titles), /^Hair was muted: no expert saw it/);
  assert.match(sentence(run, 0, 1, titles), /^Background: /);
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
