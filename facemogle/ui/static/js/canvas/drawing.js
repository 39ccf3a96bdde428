// What a person can do to the drawing. Knows no page: every change is told to the listeners.

import { clip, union } from "./area.js";
import { History } from "./undo.js";
import { Layers, SIDE, WHOLE } from "../layers/layers.js";
import { flood, mirrored, polygon, rectangle, snap, sweep } from "./raster.js";

/**
 * Emits "paint" with the rectangle that changed, "commit" after each change that can be undone, "replace"
 * when all of it has become another drawing, "rest" when a stroke or a move is over, whether it left a
 * change or not, "travel" after undo and redo with the settings of the form that go with the drawing,
 * or null, and "end" when undo can go back no further, though there was more.
 *
 * A hand is { region, mirror }: mirror is null, or { axis, isLeft } as raster.mirrored() takes
 * them. Locked layers stay as they are, except where the whole drawing is replaced.
 */
export class Drawing extends EventTarget {
  /** layers: the arguments of Layers. partners: region -> its mirror partner. */
  constructor(layers, partners) {
    super();
    this.layers = new Layers(layers);
    this.partners = partners;
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
  stroke(from, to, { size, erases, ...hand }) {
    const [ax, ay, bx, by] = [...from, ...to].map((coordinate) => snap(coordinate, size));
    this.draw((visit) => sweep(ax, ay, bx, by, size / 2, SIDE, visit), hand, erases);
  }

  endStroke() {
    this.isStroking = false;
    this.commit();
    this.emit("rest");
  }

  /** Take back what the stroke or the move under way has done. */
  cancelStroke() {
    this.isStroking = false;
    const area = this.history.cancel();
    if (area) this.emit("paint", area);
    this.emit("rest");
  }

  /** Give the connected area of one region around a pixel to another region. */
  fill(x, y, hand) {
    const spans = [];
    flood(this.labels, SIDE, x, y, (...span) => spans.push(span));
    this.drawOnce((visit) => spans.forEach((span) => visit(...span)), hand);
  }

  rectangle([ax, ay], [bx, by], hand) {
    this.drawOnce((visit) => rectangle(ax, ay, bx, by, SIDE, visit), hand);
  }

  /** points: [[x, y], ...], the corners of the outline. */
  lasso(points, hand) {
    this.drawOnce((visit) => polygon(points, SIDE, visit), hand);
  }

  /** Give all pixels of one region to another. */
  recolor(from, to) {
    if (from === to || this.isAnyLocked([from, to])) return;
    this.change(() => this.layers.recolor(from, to));
  }

  /** Empty a region's layer. */
  clear(region) {
    if (!this.isAnyLocked([region])) this.change(() => this.layers.clear(region));
  }

  /** Take one region over from a flat label map. */
  takeRegion(labels, region) {
    if (this.isAnyLocked([region])) return;
    this.change(() => this.layers.put(region, WHOLE, (x, y) => labels[y * SIDE + x] === region));
  }

  /** Replace everything by a flat label map. settings: as of History.commit. */
  replace(labels, settings) {
    this.change(() => this.layers.setLabels(labels), settings);
    this.emit("replace");
  }

  /** Move a layer to another place in the stack, 1 = above the background; no other one leaves. */
  reorder(region, rank) {
    const { order } = this.layers;
    if (region === order[0]) return;
    const others = order.filter((other) => other !== region);
    others.splice(Math.min(order.length - 1, Math.max(1, rank)), 0, region);
    this.change(() => this.layers.setOrder(others));
  }

  /** Replace everything by layers that were saved. words: one per pixel. order: as of Layers. */
  replaceLayers({ words, order }, settings) {
    this.change(() => this.layers.setWords(words, order), settings);
    this.emit("replace");
  }

  /**
   * Change layers at once, as one of the examples does. change(layers) returns whether it could; regions:
   * whose own pixels it moves. Returns whether it did.
   */
  alter(change, regions) {
    if (this.isStroking || this.isAnyLocked(regions)) return false;
    this.history.begin();
    const isDone = change(this.layers);
    this.touch(WHOLE);
    this.commit();
    return isDone;
  }

  /** Exchange left and right regions. */
  swapSides() {
    this.change(() => this.layers.swap(this.partners));
  }

  /**
   * Begin to move a layer by itself; returns the rectangle around it, or null if it cannot be moved.
   * Then place() it any number of times, and end or cancel it like a stroke.
   */
  lift(region) {
    const { cells, box } = this.layers.cut(region);
    if (!box || this.isAnyLocked([region])) return null;
    this.beginStroke();
    this.lifted = { region, cells, box, shown: box };
    return box;
  }

  /** Stretch the lifted layer over a rectangle of whole pixels, which may leave the drawing. */
  place(target, isFlipped = false) {
    const { region, cells, box, shown } = this.lifted;
    const across = (box.right - box.left) / (target.right - target.left);
    const down = (box.bottom - box.top) / (target.bottom - target.top);
    const had = (x, y) => {
      if (x < target.left || x >= target.right || y < target.top || y >= target.bottom) return false;
      const place = isFlipped ? target.right - x - 0.5 : x + 0.5 - target.left;
      const row = box.top + Math.floor((y + 0.5 - target.top) * down);
      return cells[row * SIDE + box.left + Math.floor(place * across)] === 1;
    };
    const area = clip(union(shown, target), SIDE);
    this.layers.put(region, area, had);
    this.lifted.shown = clip(target, SIDE);
    this.touch(area);
  }

  /** Lift, place and set down a layer at once. change(box) gives the target rectangle. */
  shift(region, change, isFlipped) {
    if (this.isStroking) return;
    const box = this.lift(region);
    if (!box) return;
    this.place(change(box), isFlipped);
    this.endStroke();
  }

  /** Let undo take back a change of the settings alone. settings: as of History.commit. */
  note(settings) {
    this.history.note(settings);
    this.emit("commit");
  }

  undo() {
    this.travel("undo", "before");
    if (this.history.hasDropped && !this.canUndo) this.emit("end");
  }

  redo() {
    this.travel("redo", "after");
  }

  get canUndo() {
    return this.history.past.length > 0;
  }

  get canRedo() {
    return this.history.future.length > 0;
  }

  isAnyLocked(regions) {
    return regions.some((region) => this.layers.isLocked(region));
  }

  change(act, settings) {
    if (this.isStroking) return;
    this.history.begin();
    act();
    this.touch(WHOLE);
    this.commit(settings);
  }

  drawOnce(cover, hand) {
    this.history.begin();
    this.draw(cover, hand);
    this.commit();
  }

  draw(cover, { region, mirror }, erases = false) {
    let area = null;
    const put = (y, left, right, target) => {
      if (this.layers.isLocked(target)) return;
      if (erases) this.layers.erase(y, left, right, target);
      else this.layers.paint(y, left, right, target);
      area = union(area, { left, top: y, right, bottom: y + 1 });
    };
    const partner = this.partners[region];
    const both = mirror && mirrored(put, { ...mirror, side: SIDE }, region, partner);
    cover(both ?? ((y, left, right) => put(y, left, right, region)));
    if (area) this.touch(area);
  }

  travel(way, side) {
    if (this.isStroking) return;
    const change = this.history[way]();
    if (!change) return;
    if (change.area) this.emit("paint", change.area);
    this.emit("commit");
    this.emit("travel", change.settings?.[side] ?? null);
  }

  touch(area) {
    this.history.reach(area);
    this.emit("paint", area);
  }

  commit(settings) {
    if (this.history.commit(settings)) this.emit("commit");
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
