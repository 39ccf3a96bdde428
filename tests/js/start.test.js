// Edits to try and random faces: they work on any face, and leave alone what they are not about.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EXAMPLES } from "../../facemogle/ui/static/js/files/examples.js";
import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";
import { randomPrompt, varied } from "../../facemogle/ui/static/js/files/random_face.js";
import { blank, face, HAIR, L_EYE, PARTNERS, R_EYE, SKIN } from "./face.js";

function whole() {
  const drawing = face();
  drawing.rectangle([170, 200], [210, 220], { region: R_EYE });
  for (const [left, top, region] of [[300, 180, 6], [170, 180, 7]]) {
    drawing.rectangle([left, top], [left + 40, top + 10], { region });
  }
  drawing.rectangle([220, 340], [290, 350], { region: 11 });
  drawing.rectangle([220, 350], [290, 360], { region: 12 });
  drawing.rectangle([90, 60], [422, 130], { region: HAIR });
  return drawing;
}

const mayChange = { "Open the mouth": [10, 12, SKIN], "Raise the brows": [6, 7, SKIN, HAIR],
  "Add glasses": [3], "Longer hair": [HAIR] };

for (const { title, change, regions } of EXAMPLES) {
  test(`${title}: one undo takes it back, and only its regions come in`, () => {
    const drawing = whole();
    const before = drawing.labels.slice();
    assert.equal(drawing.alter(change, regions), true);
    const came = new Set(drawing.labels.filter((label, i) => label !== before[i]));
    assert.ok(came.size > 0 && [...came].every((label) => mayChange[title].includes(label)), [...came]);
    if (title === "Add glasses") assert.ok(drawing.labels.includes(L_EYE) && drawing.labels.includes(R_EYE));
    drawing.undo();
    assert.deepEqual(drawing.labels, before);
  });

  test(`${title}: an empty drawing stays as it is`, () => {
    const drawing = blank();
    assert.equal(drawing.alter(change, regions), false);
    assert.equal(drawing.canUndo, false);
  });
}

test("locked brows are not raised", () => {
  const drawing = whole();
  const { change, regions } = EXAMPLES[1];
  drawing.layers.locked = drawing.layers.bitOf[6];
  assert.equal(drawing.alter(change, regions), false);
});

test("a random face has the template's regions, with sides exchanged if it is mirrored", () => {
  const { labels } = whole();
  for (const first of [0.1, 0.9]) {
    const numbers = [first, 0.5, 0.5, 0.5, 0.5, 0.5];
    const map = varied(labels, PARTNERS, () => numbers.shift());
    const expected = first < 0.5
      ? labels.map((_, i) => PARTNERS[labels[i - (i % SIDE) + SIDE - 1 - (i % SIDE)]]) : labels;
    assert.deepEqual(map, expected); // 0.5 is no turn, growth or shift
  }
});

test("a random prompt is made of the model's words, however few they are", () => {
  const words = { people: ["a woman"], skin: ["fair skin"], hair: ["red hair"], beards: ["stubble"], worn: [] };
  for (let i = 0; i < 50; i++) assert.equal(randomPrompt(words), "a woman with fair skin, red hair");
  const none = { people: [], skin: [], hair: [], beards: [], worn: [] };
  assert.equal(randomPrompt(none), "a face");
});
