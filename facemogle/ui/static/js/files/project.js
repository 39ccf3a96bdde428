// A project as one file: everything that a person has made here. docs/project.md describes it.

import { deflate, fromBase64, inflate, toBase64 } from "./codec.js";

const FORMAT = "facemogle project";
const VERSION = 1;
const REGIONS = 19;
const IMAGE_URL = /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+=*$/;

/**
 * bits: the region of each bit of a word. drawing: { words, order }, as of Layers. settings: of the
 * form and the experts' states. states: of the layers. shown: id of the current image, or null.
 * history: records of Accepted, the oldest first. Returns the file's text.
 */
export async function writeProject({ bits, drawing, history, ...rest }) {
  const entries = history.map(({ labels, whole, layers, trace, ...others }) => ({
    ...others, labels: toBase64(labels), whole: whole && toBase64(whole), layers: layers && asText(layers),
    trace: trace && { ...trace, gate: toBase64(trace.gate) },
  }));
  const layers = asText(await packLayers(drawing));
  return JSON.stringify({ format: FORMAT, version: VERSION, bits, layers, ...rest, history: entries });
}

/**
 * What writeProject() was given, and `damaged`: how many images of the history had to be omitted.
 * bits, side: of this page. Fails with a text for the person if the file cannot be used.
 */
export async function readProject(text, { bits, side }) {
  const file = parse(text);
  if (file.version > VERSION) {
    throw new Error(`It was saved by a newer facemogle (format ${file.version}; this one reads ` +
      `${VERSION}). Update the program, then open it again.`);
  }
  try {
    if (String(file.bits) !== String(bits)) throw new Error("its layers are not the 19 regions");
    const [settings, states] = [checkSettings(file.settings), checkStates(file.states)];
    const drawing = await readLayers(file.layers, bits, side);
    const history = [];
    for (const entry of file.history) { // one by one: unpacked, they are large
      const read = await readEntry(entry, bits, side).catch(() => null);
      if (read) history.push(read);
    }
    const shown = history.some(({ id }) => id === file.shown) ? file.shown : null;
    return { drawing, settings, states, shown, history, damaged: file.history.length - history.length };
  } catch (error) {
    throw new Error(`It is damaged (${error.message}). Nothing was changed.`);
  }
}

/** { words, order } with the words packed: zlib of little-endian 32-bit words, row by row. */
export async function packLayers({ words, order }) {
  return { words: await packWords(words), order };
}

export const packWords = (words) => deflate(new Uint8Array(words.slice().buffer));

export async function unpackWords(bytes, side) {
  const unpacked = await inflate(bytes);
  if (unpacked.length !== 4 * side * side) throw new Error("its drawing has another size");
  return new Uint32Array(unpacked.buffer).map((word) => word & (2 ** REGIONS - 1));
}

function parse(text) {
  try {
    const file = JSON.parse(text);
    if (file.format === FORMAT && Number.isInteger(file.version)) return file;
  } catch {
    // The same message as for JSON of something else.
  }
  throw new Error("It is not a facemogle project, or only a part of one.");
}

const asText = ({ words, order }) => ({ words: toBase64(words), order });

async function readLayers({ words, order }, bits, side) {
  const isWhole = order.length === REGIONS && order[0] === bits[0];
  if (!isWhole || !bits.every((region) => order.includes(region))) throw new Error("its order of layers is incomplete");
  return { words: await unpackWords(fromBase64(words), side), order };
}

const isRegion = (region) => Number.isInteger(region) && region >= 0 && region < REGIONS;

/** What is missing stays as it is on the page. */
function checkSettings(settings) {
  const { prompt, seed = "", steps = "", strength = "", muted = [], expert_strengths: strengths = [] } = settings;
  if (typeof prompt !== "string") throw new Error("it has no prompt");
  const areNumbers = [seed, steps, strength].every((text) => typeof text === "string") &&
    muted.every(isRegion) && strengths.every((factor) => Number.isFinite(factor) && factor >= 0);
  if (!areNumbers) throw new Error("its settings are none");
  return settings;
}

function checkStates(states) {
  const { locked = [], hidden = [], solo = null, opacities = [] } = states;
  const areStates = [...locked, ...hidden, solo ?? 0].every(isRegion) &&
    opacities.every(([region, share]) => isRegion(region) && share >= 0 && share <= 1);
  if (!areStates) throw new Error("the states of its layers are none");
  return states;
}

async function readEntry(entry, bits, side) {
  const { id, time, settings, isForeign, isEdit, labels, whole, layers, trace } = entry;
  const image = entry.image ?? entry.picture; // as version 1 called it at first
  if (typeof id !== "string" || !Number.isFinite(time) || !IMAGE_URL.test(image)) throw new Error();
  if (settings || !isForeign) checkSettings(settings);
  const [packed, packedWhole] = await Promise.all([labels, whole].map((map) => map && readMap(map, side)));
  const drawn = layers && await packLayers(await readLayers(layers, bits, side));
  return {
    id, time, image, settings, isForeign: Boolean(isForeign), isEdit: Boolean(isEdit), labels: packed,
    whole: packedWhole ?? null, layers: drawn, trace: trace ? await readTrace(trace) : null,
  };
}

/** A label map, as it was packed. */
async function readMap(text, side) {
  const packed = fromBase64(text);
  const map = await inflate(packed);
  if (map.length !== side * side || map.some((label) => label >= REGIONS)) throw new Error();
  return packed;
}

/** As of Run.record(). */
async function readTrace({ steps, grid, times, gate, images }) {
  const packed = fromBase64(gate);
  const { length } = await inflate(packed);
  const isWhole = times.length > 0 && times.every(Number.isFinite) && Number.isInteger(steps) &&
    grid.length === 2 && grid.every((count) => Number.isInteger(count) && count > 0) && images.every((url) => IMAGE_URL.test(url)) &&
    images.length === times.length - 1 && length === 2 * (REGIONS + 1) * times.length * grid[0] * grid[1];
  if (!isWhole) throw new Error();
  return { steps, grid, times, gate: packed, images };
}
