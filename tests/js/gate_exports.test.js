// What is sent to the server to be written as a file.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import { packed } from "../../facemogle/ui/static/js/gate/exports.js";
import { Run } from "../../facemogle/ui/static/js/run/run.js";

const gates = [[1, 65534], [2, 65533]].map((values) => toBase64(new Uint8Array(Uint16Array.from(values).buffer)));
const run = new Run({ steps: 2, grid: [1, 1], experts: 2, labels: Uint8Array.of(0) });
gates.forEach((gate, i) => run.add({ t: 1 - i / 2, image: `image ${i}`, gate }));
const gate = { run, expert: 1, choices: { scale: "absolute", mode: "run" } };

test("weights go back exactly as they came", () => {
  // Through floats, 16-bit weights come back off by one.
  const { gate: sent, times, grid } = packed(gate, "trace");
  assert.deepEqual(sent, gates);
  assert.deepEqual(times, [1, 0.5]);
  assert.deepEqual(grid, [1, 1]);
});

test("only the images that a file shows are sent", () => {
  // A hundred PNGs beside a trace would exceed what the server takes.
  assert.deepEqual(packed(gate, "trace").images, []);
  assert.deepEqual(packed(gate, "sheet").images, ["image 1"]);
  for (const film of ["gif", "mp4"]) {
    assert.deepEqual(packed(gate, film).images, ["image 0", "image 1"]);
  }
});
