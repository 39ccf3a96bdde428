// The browser's storage: drawing and settings survive a reload. Every tab has its own, and the last
// one that wrote is where a new tab begins.

import { fromBase64, toBase64 } from "../files/codec.js";
import { SIDE } from "../layers/layers.js";
import { packWords, unpackWords } from "../files/project.js";

const DRAWING = "facemogle.drawing.1"; // another number when the bits of the layers change
const ORDER = "facemogle.layer-order.1";
const SETTINGS = "facemogle.settings.1";
const TAB = "facemogle.tab.1";
const PENDING = "facemogle.pending.1";

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

/** Text that no other tab has, and that stays over a reload. */
export function tabId() {
  const own = crypto.getRandomValues(new Uint32Array(2)).join("-");
  try {
    const id = sessionStorage.getItem(TAB) ?? own;
    sessionStorage.setItem(TAB, id);
    return id;
  } catch {
    return own;
  }
}

/** Whether a person waits for an image; another tab knows nothing of it. */
export function isPending() {
  try {
    return sessionStorage.getItem(PENDING) !== null;
  } catch {
    return false;
  }
}

export function setPending(isWaiting) {
  try {
    if (isWaiting) sessionStorage.setItem(PENDING, "1");
    else sessionStorage.removeItem(PENDING);
  } catch {
    // Without storage nothing goes on after a reload.
  }
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
  const errors = ["sessionStorage", "localStorage"].map((storage) => {
    try {
      window[storage].setItem(key, text);
      return null;
    } catch (error) {
      return error;
    }
  });
  report("storage", errors.find(Boolean));
}

const refused = new Set();
const changes = new EventTarget();

/** Tell whether a store has just kept what it was given. error: why not; without one, it has. */
function report(store, error) {
  if (error) console.info(`Not stored: ${error}`);
  if (Boolean(error) === refused.has(store)) return;
  if (error) refused.add(store);
  else refused.delete(store);
  changes.dispatchEvent(new Event("change"));
}

/** Do what uses a store, and tell whether it could. */
export async function stored(store, act) {
  try {
    await act();
    report(store);
  } catch (error) {
    report(store, error);
  }
}

/** Call back with whether all is stored, each time that this changes. */
export function onStored(act) {
  changes.addEventListener("change", () => act(refused.size === 0));
}
