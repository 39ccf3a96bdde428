// Broken project files: refused with a sentence, or read as something that the page can show.

import assert from "node:assert/strict";
import { test } from "node:test";

import { deflate, toBase64 } from "../../facemogle/ui/static/js/files/codec.js";
import { packLayers, readProject, writeProject } from "../../facemogle/ui/static/js/files/project.js";
import { LayerView } from "../../facemogle/ui/static/js/layers/view.js";
import { Accepted } from "../../facemogle/ui/static/js/run/accepted.js";
import { ExpertSettings } from "../../facemogle/ui/static/js/run/experts.js";
import { Run } from "../../facemogle/ui/static/js/run/run.js";

const SIDE = 16;
const BITS = [0, 18, 17, 16, 8, 9, 1, 10, 11, 12, 2, 4, 5, 6, 7, 3, 13, 15, 14];
const IMAGE_URL = "data:image/png;base64,iVBORw0KGgo=";
const OURS = /^It (is not a facemogle project|is damaged \(.*\)\. Nothing|was saved by a newer)/s;
const ODD = [
  null, true, 0, -1, 1.5, 1e308, 2 ** 53, "", "0", "\0\ud800", "a".repeat(5000), [], [[]], [null], {}, { a: [] },
  "AAAA", "====", "eJwDAAAAAAE=", "data:image/png;base64,", [0, 0], Array(20).fill(1e9), "__proto__",
];
const LONGEST = 10_000_000; // microseconds of a processor, which other programs do not make more
const MOST = 2 ** 30; // bytes

/** Numbers in [0, 1) from a seed (mulberry32). */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function project() {
  const order = [...BITS];
  const settings = {
    prompt: "a man", seed: "3", steps: "8", strength: "1", whole_face: false, live: false, locked: true, muted: [3],
    expert_strengths: Array(20).fill(1),
  };
  const drawing = { words: new Uint32Array(SIDE * SIDE).fill(1), order };
  const labels = new Uint8Array(SIDE * SIDE).fill(13);
  const run = new Run({ steps: 2, grid: [1, 1], experts: 20, labels });
  for (const t of [1, 0.5]) run.add({ t, image: IMAGE_URL, gate: toBase64(new Uint8Array(40).fill(100 * t)) });
  const made = new Accepted({
    image: IMAGE_URL, labels, layers: packLayers(drawing), settings, isForeign: false, run,
  });
  const opened = new Accepted({ image: IMAGE_URL, labels, settings: null, isForeign: true });
  const states = { locked: [1], hidden: [], solo: null, opacities: [[13, 0.5]] };
  const history = [await made.record(), await opened.record()];
  return JSON.parse(await writeProject({ bits: BITS, drawing, settings, states, shown: made.id, history }));
}

/** A copy with one value in it changed, missing, or twice. */
function spoiled(value, draw) {
  const pick = (list) => list[Math.floor(draw() * list.length)];
  if (Array.isArray(value) && value.length && draw() < 0.7) {
    const place = Math.floor(draw() * value.length);
    if (draw() < 0.2) return value.toSpliced(place, 1);
    if (draw() < 0.2) return [...value, ...value.slice(place)];
    return value.with(place, spoiled(value[place], draw));
  }
  if (value && typeof value === "object" && !Array.isArray(value) && draw() < 0.9) {
    const key = pick(Object.keys(value));
    const { [key]: one, ...others } = value;
    return draw() < 0.15 ? others : { ...value, [key]: spoiled(one, draw) };
  }
  if (typeof value === "string" && value.length > 8 && draw() < 0.6) return brokenText(value, draw);
  return pick(ODD);
}

function brokenText(text, draw) {
  const [start, length] = [Math.floor(draw() * text.length), Math.floor(draw() * 64)];
  const piece = text.slice(start, start + length);
  return text.slice(0, start) + [piece + piece, "", String.fromCharCode(256 * draw())][Math.floor(3 * draw())] +
    text.slice(start + (draw() < 0.5 ? length : 0));
}

/** What the page does with a project. */
async function use({ drawing, settings, states, history }) {
  assert.equal(drawing.words.length, SIDE * SIDE);
  assert.deepEqual([...drawing.order].sort(), [...BITS].sort());
  const bitOf = Array(19).fill(1);
  const view = new LayerView({ bitOf }, states);
  for (const region of BITS) assert.ok(view.opacity(region) >= 0 && view.opacity(region) <= 1);
  const experts = new ExpertSettings(20, settings);
  assert.ok(experts.values.expert_strengths.every(Number.isFinite));
  for (const record of history) {
    const accepted = await Accepted.from(record);
    assert.ok(accepted.labels.every((label) => label < 19));
    const run = await accepted.opened();
    if (run) assert.ok(run.reports.length > 0 && run.reports.every(({ values }) => values.length === 20 * run.tokens));
  }
}

test("of 250 broken projects each is refused in a sentence, or can be used", async () => {
  const draw = generator(14);
  const good = await project();
  const bomb = toBase64(await deflate(new Blob(Array(3).fill(new Uint8Array(2 ** 25)))));
  const texts = [
    "[".repeat(100_000), `{"format": "facemogle project", "version": 1, "history": ${"[".repeat(50_000)}`,
    JSON.stringify({ ...good, layers: { ...good.layers, words: bomb } }),
    JSON.stringify({ ...good, history: Array(4).fill({ ...good.history[0], labels: bomb }) }),
  ];
  const before = process.memoryUsage().rss;
  let most = 0;
  let isUsed = 0;
  for (let number = 0; number < 250; number++) {
    const text = texts[number] ??
      (number % 3 ? JSON.stringify(spoiled(good, draw)) : brokenText(JSON.stringify(good), draw));
    const begun = process.cpuUsage();
    let read;
    try {
      read = await readProject(text, { bits: BITS, side: SIDE });
    } catch (error) {
      assert.match(error.message, OURS, `input ${number}: ${text.slice(0, 3000)}`);
    }
    if (read) {
      await use(read).catch((error) => assert.fail(`input ${number}: ${error.stack}: ${text.slice(0, 3000)}`));
      isUsed += 1;
    }
    assert.ok(process.cpuUsage(begun).user < LONGEST, `input ${number}`);
    most = Math.max(most, process.memoryUsage().rss);
  }
  assert.ok(isUsed > 50 && isUsed < 650, `${isUsed} were used`);
  assert.ok(most - before < MOST, `${(most - before) / 2 ** 20} MB`);
});
