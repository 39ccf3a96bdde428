// What is compared with what must be said, and by the names that a person knows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { versus } from "../../facemogle/ui/static/js/gate/versus.js";

test("a run is named by its seed and steps, and one that no settings are known of by its steps", () => {
  assert.match(versus("difference", { settings: { seed: "3" }, steps: 4 }, false), /minus the run before \(seed 3, 4 steps\)/);
  assert.match(versus("both", { settings: null, steps: 2 }, true), /^Left: the pinned run \(2 steps\)/);
});

test("of one run alone there is nothing to say", () => {
  assert.equal(versus("run", { settings: { seed: "3" }, steps: 4 }, false), "");
});
