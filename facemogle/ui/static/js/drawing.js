// What a person can do to the drawing. Knows no page: every change is told to the listeners.

import { History } from "./history.js";
import { Layers, SIDE, WHOLE } from "./layers.js";
import { flood, snap, sweep } from "./raster.js";

export class Drawing extends EventTarget {
  /** layers: the arguments of Layers. */
  constructor(layers) {
    super();
    this.layers = new Layers(layers);
    this.history = new History(this.layers);
    this.isStroking = false;
  }

  /** The label map, uint8, row by row. */
  get labels() {
    return this.layers.labels;
  }

  regionAt(x, y) {
    return x >= 0 && y >= 0 && x < SIDE && y < SIDE ? this.labels[y * SIDE + x] : null;
  }

  beginStroke() {
    this.isStroking = true;
    this.history.begin();
  }

  /** Sweep the brush from one point to the next. size: its diameter in pixels. */
  stroke(from, to, { region, size, erases }) {
    const [ax, ay, bx, by] = [...from, ...to].map((coordinate) => snap(coordinate, size));
    const put = erases ? this.layers.erase : this.layers.paint;
    this.draw((visit) => sweep(ax, ay, bx, by, size / 2, SIDE, visit), put, region);
  }

  endStroke() {
    this.isStroking = false;
    this.commit();
  }

  /** Give the connected area of one region around a pixel to another region. */
  fill(x, y, region) {
    if (this.regionAt(x, y) === region) return;
    this.history.begin();
    this.draw((visit) => flood(this.labels, SIDE, x, y, visit), this.layers.paint, region);
    this.commit();
  }

  /** Replace everything by a flat label map. */
  replace(labels) {
    this.change(() => this.layers.setLabels(labels));
  }

  /** Exchange left and right regions. partner: region -> its mirror partner. */
  swapSides(partner) {
    this.change(() => this.layers.swap(partner));
  }

  undo() {
    this.travel(() => this.history.undo());
  }

  redo() {
    this.travel(() => this.history.redo());
  }

  get canUndo() {
    return this.history.past.length > 0;
  }

  get canRedo() {
    return this.history.future.length > 0;
  }

  change(act) {
    this.history.begin();
    act();
    this.history.reach(WHOLE);
    this.emit("paint", WHOLE);
    this.commit();
  }

  draw(cover, put, region) {
    const area = { left: SIDE, top: SIDE, right: 0, bottom: 0 };
    cover((y, left, right) => {
      put.call(this.layers, y, left, right, region);
      area.left = Math.min(area.left, left);
      area.right = Math.max(area.right, right);
      area.top = Math.min(area.top, y);
      area.bottom = Math.max(area.bottom, y + 1);
    });
    if (area.top >= area.bottom) return;
    this.history.reach(area);
    this.emit("paint", area);
  }

  travel(move) {
    if (this.isStroking) return;
    const area = move();
    if (!area) return;
    this.emit("paint", area);
    this.emit("commit");
  }

  commit() {
    if (this.history.commit()) this.emit("commit");
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
