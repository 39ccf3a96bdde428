// Brings the drawing to the canvas: the colours of what is visible, once per frame.

import { union } from "./area.js";
import { SIDE, WHOLE } from "../layers/layers.js";

const FAINT = 40 / 255; // opacity of the others while a layer is shown alone

export class Screen {
  /** palette: [r, g, b] by region. */
  constructor(canvas, { drawing, layerView, palette }) {
    Object.assign(this, { drawing, layerView, palette });
    this.context = canvas.getContext("2d");
    this.image = this.context.createImageData(SIDE, SIDE);
    this.pixels = new Uint32Array(this.image.data.buffer);
    // A pixel's colour depends on its word alone; a drawing has few different ones. 0 = not known.
    this.colors = new Uint32Array(drawing.layers.tops.length);
    this.order = drawing.layers.order;
    this.area = null;
    drawing.addEventListener("paint", (event) => this.spoil(event.detail));
    layerView.addEventListener("change", () => this.forget());
    this.spoil(WHOLE);
  }

  /** Layers are to look otherwise. */
  forget() {
    this.colors.fill(0);
    this.spoil(WHOLE);
  }

  /** This rectangle is out of date; all that come before the next frame are painted at once. */
  spoil(area) {
    if (!this.area) requestAnimationFrame(() => this.paint());
    this.area = union(this.area, area);
  }

  paint() {
    const { layers } = this.drawing;
    if (this.order !== layers.order) this.forget();
    this.order = layers.order;
    const { left, top, right, bottom } = this.area;
    this.area = null;
    const { colors, pixels } = this;
    const { words } = layers;
    for (let y = top; y < bottom; y++) {
      for (let i = y * SIDE + left; i < y * SIDE + right; i++) {
        pixels[i] = colors[words[i]] || this.mix(words[i]);
      }
    }
    this.context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
  }

  /** The colour of a word, from now on. */
  mix(word) {
    const { layers } = this.drawing;
    const { solo } = this.layerView;
    const [ground] = layers.order;
    const shown = layers.tops[word];
    const isThere = (region) => region === ground || (word & layers.bitOf[region]) !== 0;
    const stack = solo === null
      ? layers.order.filter((region) => isThere(region) && !this.layerView.is("hidden", region))
        .map((region) => [region, this.layerView.opacity(region)])
      : word & layers.bitOf[solo] ? [[solo, 1]] : [[shown, FAINT]];
    return (this.colors[word] = pack(blend(stack, this.palette)));
  }
}

/** Layers over one another, the lowest first, as [r, g, b, alpha]. stack: [[region, opacity]]. */
export function blend(stack, palette) {
  return stack.reduce(([r, g, b, alpha], [region, opacity]) => {
    const under = alpha * (1 - opacity);
    const whole = opacity + under;
    const over = (low, high) => (whole ? (low * under + high * opacity) / whole : 0);
    const [red, green, blue] = palette[region];
    return [over(r, red), over(g, green), over(b, blue), whole];
  }, [0, 0, 0, 0]);
}

const pack = ([red, green, blue, alpha]) =>
  (Math.round(alpha * 255) << 24 | Math.round(blue) << 16 | Math.round(green) << 8 | Math.round(red)) >>> 0;
