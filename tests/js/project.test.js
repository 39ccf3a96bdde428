// A project file brings everything back, and a bad one is told apart.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Accepted } from "../../facemogle/ui/static/js/run/accepted.js";
import { Run } from "../../facemogle/ui/static/js/run/run.js";
import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";
import { packLayers, readProject, unpackWords, writeProject } from "../../facemogle/ui/static/js/files/project.js";
import { toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import { face, HAIR, L_EYE } from "./face.js";

const IMAGE_URL = "data:image/png;base64,iVBORw0KGgo=";
const settings = { prompt: "a man 🎩 </script>", seed: "9007199254740993", steps: "8", muted: [3] };
const states = { locked: [1], hidden: [], solo: null, opacities: [[13, 0.5]] };

async function saved() {
  const drawing = face();
  drawing.rectangle([290, 190], [350, 230], { region: HAIR }); // hides the eye
  drawing.reorder(L_EYE, 2);
  const { layers, labels } = drawing;
  const run = new Run({ steps: 2, grid: [1, 1], experts: 20, labels: labels.slice() });
  for (const t of [1, 0.5]) run.add({ t, image: IMAGE_URL, gate: toBase64(new Uint8Array(40).fill(100 * t)) });
  const made = new Accepted({
    image: IMAGE_URL, labels: labels.slice(), layers: packLayers(layers), settings, isForeign: false, run,
  });
  const opened = new Accepted({ image: IMAGE_URL, labels, settings: null, isForeign: true });
  const project = {
    bits: layers.firstOrder, drawing: layers, settings, states, shown: made.id,
    history: [await made.record(), await opened.record()],
  };
  return { drawing, made, opened, text: await writeProject(project), page: { bits: layers.firstOrder, side: SIDE } };
}

test("everything comes back, hidden layers, their order and numbers beyond 2^53 too", async () => {
  const { drawing, made, opened, text, page } = await saved();
  const project = await readProject(text, page);
  assert.deepEqual(project.drawing.words, drawing.layers.words);
  assert.deepEqual(project.drawing.order, drawing.layers.order);
  assert.deepEqual([project.settings, project.states], [settings, states]);
  assert.deepEqual([project.shown, project.damaged], [made.id, 0]);
  const [first, second] = await Promise.all(project.history.map(Accepted.from));
  assert.deepEqual([first.id, first.time, first.image], [made.id, made.time, IMAGE_URL]);
  assert.deepEqual(first.labels, drawing.labels);
  assert.deepEqual((await first.opened()).reports, made.run.reports);
  const layers = await first.layers;
  assert.deepEqual(await unpackWords(layers.words, SIDE), drawing.layers.words);
  assert.deepEqual(layers.order, drawing.layers.order);
  assert.deepEqual([second.id, second.isForeign, await second.layers], [opened.id, true, null]);
});

const broken = {
  "no JSON": () => "PK\u0003\u0004",
  "half a file": (text) => text.slice(0, text.length / 2),
  "JSON of something else": () => '{"layers": []}',
  "null": () => "null",
};
for (const [name, spoil] of Object.entries(broken)) {
  test(`${name} is no project`, async () => {
    const { text, page } = await saved();
    await assert.rejects(readProject(spoil(text), page), /not a facemogle project, or only a part/);
  });
}

const changed = (text, change) => {
  const file = JSON.parse(text);
  change(file);
  return JSON.stringify(file);
};

test("a newer file says so, instead of being read wrongly", async () => {
  const { text, page } = await saved();
  const newer = changed(text, (file) => (file.version = 2));
  await assert.rejects(readProject(newer, page), /newer facemogle \(format 2; this one reads 1\)/);
});

for (const [name, change] of Object.entries({
  "words of another size": (file) => (file.layers.words = "eJwDAAAAAAE="),
  "no words": (file) => delete file.layers,
  "an order with a region twice": (file) => file.layers.order.fill(0),
  "no settings": (file) => delete file.settings,
  "other layers": (file) => file.bits.reverse(),
})) {
  test(`a file with ${name} is damaged`, async () => {
    const { text, page } = await saved();
    await assert.rejects(readProject(changed(text, change), page), /damaged .*Nothing was changed/);
  });
}

test("one damaged image of the history does not take the others along", async () => {
  const { opened, text, page } = await saved();
  for (const change of [
    (entry) => (entry.image = "https://example.org/face.png"),
    (entry) => (entry.image = "data:image/svg+xml;base64,AAAA"),
    (entry) => (entry.labels = "AAAA"),
    (entry) => (entry.settings = null),
    (entry) => (entry.trace.gate = entry.labels),
    (entry) => (entry.trace.images = ["https://example.org/face.png"]),
  ]) {
    const project = await readProject(changed(text, (file) => change(file.history[0])), page);
    assert.deepEqual(project.history.map(({ id }) => id), [opened.id]);
    assert.deepEqual([project.damaged, project.shown], [1, null]);
  }
});
