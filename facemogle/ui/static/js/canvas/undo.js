// Undo and redo. A change is kept as runs of equal differences, so even long strokes stay small.

import { union } from "./area.js";
import { SIDE } from "../layers/layers.js";

export const MAX_CHANGES = 200;
const MAX_WORDS = 2 ** 24; // 64 MiB; a stroke across the whole drawing takes about 10,000

export class History {
  constructor(layers) {
    this.layers = layers;
    this.before = new Uint32Array(SIDE * SIDE);
    this.restore([], [], false);
  }

  /** Go on with changes of an earlier visit. hasDropped: whether there were more than are kept. */
  restore(past, future, hasDropped) {
    Object.assign(this, { past, future, hasDropped });
    this.newest = Math.max(0, ...past.map(({ id }) => id), ...future.map(({ id }) => id));
  }

  /** Remember the state before a change. */
  begin() {
    this.before.set(this.layers.words);
    this.order = this.layers.order;
    this.area = null;
  }

  /** Note that the change has reached this rectangle. */
  reach(area) {
    this.area = union(this.area, area);
  }

  /**
   * End the change; returns whether it changed anything, drawn or said. settings: { before, after }, of
   * Inputs, which belong to it.
   */
  commit(settings) {
    if (!this.area) return false;
    const change = { area: this.area, runs: this.runs(this.area), order: this.order, settings };
    const isSaid = JSON.stringify(settings?.before) !== JSON.stringify(settings?.after);
    if (change.runs.length === 0 && this.order === this.layers.order && !isSaid) return false;
    this.push(change);
    return true;
  }

  /** Note a change of the settings alone. */
  note(settings) {
    this.push({ area: null, runs: new Uint32Array(), order: this.layers.order, settings });
  }

  push(change) {
    this.past.push({ id: ++this.newest, ...change });
    this.future = [];
    while (this.past.length > MAX_CHANGES || words(this.past) > MAX_WORDS) {
      this.past.shift();
      this.hasDropped = true;
    }
  }

  /** Drop the change; returns its rectangle, or null if it had reached none. */
  cancel() {
    if (this.area) eachPixel(this.area, (i) => this.layers.set(i, this.before[i]));
    return this.area;
  }

  /** Take back the last change; returns it, or null if there is none. */
  undo() {
    return this.move(this.past, this.future);
  }

  /** Make the change that was taken back last again. */
  redo() {
    return this.move(this.future, this.past);
  }

  move(from, to) {
    const change = from.pop();
    if (!change) return null;
    to.push(change);
    const { words, order } = this.layers;
    const { area, runs } = change;
    this.layers.setOrder(change.order);
    change.order = order; // of the other side of the change
    for (let k = 0; k < runs.length; k += 3) {
      const end = runs[k] + runs[k + 1];
      for (let i = runs[k]; i < end; i++) this.layers.set(i, words[i] ^ runs[k + 2]);
    }
    return change;
  }

  /** What changed, as triples: first pixel, number of pixels, difference of their words. */
  runs(area) {
    const { words } = this.layers;
    const runs = [];
    let end = -1;
    eachPixel(area, (i) => {
      const difference = (this.before[i] ^ words[i]) >>> 0;
      if (difference === 0) return;
      if (i === end && difference === runs.at(-1)) runs[runs.length - 2]++;
      else runs.push(i, 1, difference);
      end = i + 1;
    });
    return Uint32Array.from(runs);
  }
}

function eachPixel({ left, top, right, bottom }, visit) {
  for (let y = top; y < bottom; y++) {
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) visit(i);
  }
}

const words = (changes) => changes.reduce((sum, change) => sum + change.runs.length, 0);
