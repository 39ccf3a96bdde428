// The browser's storage: drawing and settings survive a reload. Every tab has its own, and the last
// one that wrote is where a new tab begins.

import { fromBase64, toBase64 } from "../files/codec.js";
import { SIDE } from "../layers/layers.js";
import { packWords, unpackWords } from "../files/project.js";

const DRAWING = "facemogle.drawing.1"; // another number when the bits of the layers change
const ORDER = "facemogle.layer-order.1";
const SETTINGS = "facemogle.settings.1";

/** The saved layers: { words: one 32-bit word per pixel, order: as of Layers }, or null. */
export async function loadDrawing() {
  const [saved, order] = [read(DRAWING), read(ORDER)];
  try {
    if (!saved) return null;
    const words = await unpackWords(fromBase64(saved), SIDE);
    return { words, order: order ? JSON.parse(order) : undefined };
  } catch {
    return null; // damaged: better another drawing than no page
  }
}

export async function saveDrawing({ words, order }) {
  const text = toBase64(await packWords(words));
  write(ORDER, JSON.stringify(order));
  write(DRAWING, text);
}

export function loadSettings() {
  try {
    return JSON.parse(read(SETTINGS) ?? "{}");
  } catch {
    return {};
  }
}

export function saveSettings(changes) {
  write(SETTINGS, JSON.stringify({ ...loadSettings(), ...changes }));
}

// Storage may be switched off or full; the page then works without it, and says so.

function read(key) {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, text) {
  for (const storage of ["sessionStorage", "localStorage"]) {
    try {
      window[storage].setItem(key, text);
    } catch (error) {
      reportRefusal(error);
    }
  }
}

const refusals = new EventTarget();

/** The browser did not store what it was given. */
export function reportRefusal(error) {
  console.info(`Not stored: ${error}`);
  refusals.dispatchEvent(new Event("refusal"));
}

/** Call back each time that something could not be stored. */
export function onRefusal(act) {
  refusals.addEventListener("refusal", act);
}
