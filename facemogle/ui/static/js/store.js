// The browser's storage: drawing and settings survive a reload.

import { deflate, fromBase64, inflate, toBase64 } from "./codec.js";

const DRAWING = "facemogle.drawing.1"; // another number when the bits of the layers change
const ORDER = "facemogle.layer-order.1";
const SETTINGS = "facemogle.settings.1";

/** The saved layers: { words: one 32-bit word per pixel, order: as of Layers }, or null. */
export async function loadDrawing() {
  const [saved, order] = [read(DRAWING), read(ORDER)];
  if (!saved) return null;
  const words = new Uint32Array((await inflate(fromBase64(saved))).buffer);
  return { words, order: order ? JSON.parse(order) : undefined };
}

export async function saveDrawing({ words, order }) {
  const text = toBase64(await deflate(new Uint8Array(words.buffer)));
  write(ORDER, JSON.stringify(order));
  write(DRAWING, text);
}

export function loadSettings() {
  return JSON.parse(read(SETTINGS) ?? "{}");
}

export function saveSettings(changes) {
  write(SETTINGS, JSON.stringify({ ...loadSettings(), ...changes }));
}

// Storage may be switched off or full; the page then works without it.

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    console.info("The browser's storage is not available: a reload will lose the drawing.");
  }
}
