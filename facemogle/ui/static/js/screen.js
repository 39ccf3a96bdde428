// Brings the drawing to the canvas: the colours of what is visible, once per frame.

import { union } from "./area.js";
import { SIDE, WHOLE } from "./layers.js";

const FAINT = 40; // opacity of the others, of 255, while a layer is shown alone
const CLEAR = 0;

export class Screen {
  /** palette: [r, g, b] by region. */
  constructor(canvas, { drawing, states, palette }) {
    Object.assign(this, { drawing, states });
    this.context = canvas.getContext("2d");
    this.image = this.context.createImageData(SIDE, SIDE);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.colors = palette.map((color) => pack(color, 255));
    this.faint = palette.map((color) => pack(color, FAINT));
    this.area = null;
    drawing.addEventListener("paint", (event) => this.spoil(event.detail));
    states.addEventListener("change", () => this.spoil(WHOLE));
    this.spoil(WHOLE);
  }

  /** This rectangle is out of date; all that come before the next frame are painted at once. */
  spoil(area) {
    if (!this.area) requestAnimationFrame(() => this.paint());
    this.area = union(this.area, area);
  }

  paint() {
    const { left, top, right, bottom } = this.area;
    this.area = null;
    const color = this.colorOf();
    for (let y = top; y < bottom; y++) {
      for (let i = y * SIDE + left; i < y * SIDE + right; i++) this.pixels[i] = color(i);
    }
    this.context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
  }

  /** The function that gives a pixel its colour. */
  colorOf() {
    const { layers, labels } = this.drawing;
    const { solo, hiddenBits } = this.states;
    if (solo !== null) {
      const bit = layers.bitOf[solo];
      return (i) => (layers.words[i] & bit ? this.colors[solo] : this.faint[labels[i]]);
    }
    if (hiddenBits === 0) return (i) => this.colors[labels[i]];
    const ground = hiddenBits & 1 ? CLEAR : this.colors[layers.highest(0)];
    return (i) => {
      const word = layers.words[i] & ~hiddenBits;
      return word === 0 ? ground : this.colors[layers.highest(word)];
    };
  }
}

const pack = ([red, green, blue], alpha) =>
  ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
