// Undo and redo. A change is kept as the difference of its rectangle, so strokes stay small.

import { SIDE } from "./layers.js";

const MAX_CHANGES = 200;
const MAX_WORDS = 16 * SIDE * SIDE; // 64 MiB, as many as 16 changes of the whole drawing

export class History {
  constructor(layers) {
    this.layers = layers;
    this.before = new Uint32Array(SIDE * SIDE);
    this.past = [];
    this.future = [];
  }

  /** Remember the state before a change. */
  begin() {
    this.before.set(this.layers.words);
    this.area = null;
  }

  /** Note that the change has reached this rectangle. */
  reach(area) {
    this.area = this.area ? union(this.area, area) : area;
  }

  /** End the change; returns whether it changed anything. */
  commit() {
    if (!this.area) return false;
    const change = { area: this.area, difference: this.difference(this.area) };
    if (change.difference.every((word) => word === 0)) return false;
    this.past.push(change);
    this.future = [];
    while (this.past.length > MAX_CHANGES || words(this.past) > MAX_WORDS) this.past.shift();
    return true;
  }

  /** Take back the last change; returns its rectangle, or null if there is none. */
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
    const { area, difference } = change;
    eachPixel(area, (i, k) => this.layers.set(i, this.layers.words[i] ^ difference[k]));
    return area;
  }

  difference(area) {
    const result = new Uint32Array((area.right - area.left) * (area.bottom - area.top));
    eachPixel(area, (i, k) => (result[k] = this.before[i] ^ this.layers.words[i]));
    return result;
  }
}

/** Visits a rectangle: visit(index in the picture, index in the rectangle). */
function eachPixel({ left, top, right, bottom }, visit) {
  let k = 0;
  for (let y = top; y < bottom; y++) {
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) visit(i, k++);
  }
}

function union(a, b) {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

const words = (changes) => changes.reduce((sum, change) => sum + change.difference.length, 0);
