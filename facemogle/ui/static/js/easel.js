// The canvas: shows the drawing, turns pointer movements into strokes.

import { SIDE } from "./layers.js";

const PEN_ERASER = 32; // bit of `buttons` while a pen is held upside down
const LIGHTEST_PEN = 0.3; // share of the brush's size at no pressure

export class Easel {
  /** onHover(region or null) follows the pointer. */
  constructor(stage, { drawing, brush, palette, onHover }) {
    Object.assign(this, { stage, drawing, brush, onHover });
    this.canvas = stage.querySelector("canvas");
    this.ring = stage.querySelector(".ring");
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(SIDE, SIDE);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.colors = palette.map(([red, green, blue]) => pack(red, green, blue));
    this.pointer = null;
    this.listen();
    this.paint({ left: 0, top: 0, right: SIDE, bottom: SIDE });
  }

  listen() {
    this.drawing.addEventListener("paint", (event) => this.paint(event.detail));
    this.brush.addEventListener("change", () => this.moveRing());
    const on = (type, handle) => this.stage.addEventListener(type, handle.bind(this));
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", this.release);
    on("pointerleave", this.leave);
  }

  /** Bring a rectangle of the drawing to the screen. */
  paint({ left, top, right, bottom }) {
    const { labels } = this.drawing;
    for (let y = top; y < bottom; y++) {
      for (let i = y * SIDE + left; i < y * SIDE + right; i++) {
        this.pixels[i] = this.colors[labels[i]];
      }
    }
    this.context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
  }

  press(event) {
    // A second finger, or another mouse button, neither starts nor ends a stroke.
    if (this.pointer !== null || (event.button > 0 && !isPenEraser(event))) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    const point = this.locate(event);
    if (this.brush.tool === "fill") {
      this.drawing.fill(Math.floor(point[0]), Math.floor(point[1]), { region: this.brush.region });
      return;
    }
    this.pointer = event.pointerId;
    this.last = point;
    // Keeps a stroke going that leaves the canvas; unknown to pointers made by scripts.
    if (event.isTrusted) this.stage.setPointerCapture(event.pointerId);
    this.drawing.beginStroke();
    this.strokeTo(event);
  }

  move(event) {
    this.hover(event);
    if (event.pointerId !== this.pointer) return;
    // All positions since the last frame; only offered to pages that came over a safe connection.
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const between of passed.length ? passed : [event]) this.strokeTo(between);
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.drawing.endStroke();
    this.hover(event);
  }

  strokeTo(event) {
    const point = this.locate(event);
    const { region, tool, size } = this.brush;
    const pressure = event.pointerType === "pen" ? pen(event.pressure) : 1;
    this.drawing.stroke(this.last, point, {
      region,
      size: Math.max(1, Math.round(size * pressure)),
      erases: tool === "eraser" || isPenEraser(event),
    });
    this.last = point;
  }

  hover(event) {
    this.at = this.locate(event);
    this.onHover(this.drawing.regionAt(...this.at.map(Math.floor)));
    this.ring.hidden = this.brush.tool === "fill" || event.pointerType === "touch";
    this.moveRing();
  }

  leave() {
    this.ring.hidden = true;
    this.onHover(null);
  }

  /** The ring shows what the brush will cover. */
  moveRing() {
    if (!this.at) return;
    const [x, y] = this.at;
    const scale = this.canvas.clientWidth / SIDE;
    const size = Math.max(3, this.brush.size * scale);
    this.ring.style.width = this.ring.style.height = `${size}px`;
    this.ring.style.transform = `translate(${x * scale - size / 2}px, ${y * scale - size / 2}px)`;
  }

  /** Pointer position in the drawing's pixels. */
  locate(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }
}

const pack = (red, green, blue) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

const pen = (pressure) => LIGHTEST_PEN + (1 - LIGHTEST_PEN) * pressure;

const isPenEraser = (event) => event.pointerType === "pen" && (event.buttons & PEN_ERASER) !== 0;
