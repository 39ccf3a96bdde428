// Where the drawing lies on the stage: zoom and pan. Lengths on the stage are CSS pixels.

import { SIDE } from "../layers/layers.js";

const LARGEST = 16; // times the size that fits the stage

export class Viewport extends EventTarget {
  constructor() {
    super();
    this.stage = SIDE; // side of the stage
    this.zoom = 1; // 1 = the drawing fits the stage
    this.x = 0; // the drawing's top left corner on the stage
    this.y = 0;
  }

  /** CSS pixels per pixel of the drawing. */
  get scale() {
    return (this.zoom * this.stage) / SIDE;
  }

  /** Point of the drawing -> point on the stage. */
  project([x, y]) {
    return [this.x + x * this.scale, this.y + y * this.scale];
  }

  /** Point on the stage -> point of the drawing. */
  locate([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  /** The stage has another size: keep zoom and place. */
  resize(stage) {
    const ratio = stage / this.stage;
    this.stage = stage;
    this.settle(this.zoom, this.x * ratio, this.y * ratio);
  }

  /** Zoom by a factor; what lies at a point of the stage stays there as far as edges allow. */
  zoomAt(factor, [x, y] = [this.stage / 2, this.stage / 2]) {
    const smallest = Math.min(1, SIDE / this.stage);
    const zoom = Math.min(LARGEST, Math.max(smallest, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this.settle(zoom, x - (x - this.x) * ratio, y - (y - this.y) * ratio);
  }

  pan(dx, dy) {
    this.settle(this.zoom, this.x + dx, this.y + dy);
  }

  fit() {
    this.settle(1, 0, 0);
  }

  /** One CSS pixel per pixel of the drawing. */
  actual() {
    this.zoomAt(1 / this.scale);
  }

  /** A drawing larger than the stage covers it; a smaller one lies in its middle. */
  settle(zoom, x, y) {
    const spare = this.stage - zoom * this.stage;
    const place = (offset) => (spare >= 0 ? spare / 2 : Math.min(0, Math.max(spare, offset)));
    Object.assign(this, { zoom, x: place(x), y: place(y) });
    this.dispatchEvent(new Event("change"));
  }
}
