// What floats above the drawing and is no part of it: ring, outlines, frame, mirror axis.

import { corners } from "./gestures.js";
import { SIDE } from "../layers/layers.js";

const MIN_RING = 3; // CSS pixels
const HANDLE = 8;
const TOOLS_WITH_RING = new Set(["brush", "eraser"]);

export class Overlay {
  constructor(stage, { brush, viewport }) {
    Object.assign(this, { stage, brush, viewport });
    this.ring = stage.querySelector(".ring");
    this.ink = stage.querySelector(".ink");
    this.box = stage.querySelector(".frame");
    this.line = stage.querySelector(".axis");
    this.handle = stage.querySelector(".axis-handle");
    this.points = [];
    this.target = null;
    this.at = null;
    this.handle.addEventListener("pointerdown", (event) => this.grip(event));
    this.handle.addEventListener("pointermove", (event) => this.drag(event));
    this.handle.addEventListener("keydown", (event) => this.step(event));
    this.handle.addEventListener("dblclick", () => brush.set({ axis: SIDE / 2 }));
    brush.addEventListener("change", () => this.show());
    viewport.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    this.moveRing();
    this.outline(this.points);
    this.frame(this.target);
    this.showAxis();
  }

  /** The brush is over this point of the drawing, or nowhere (null). */
  point(at) {
    this.at = at;
    this.moveRing();
  }

  /** The ring shows what the brush will cover. */
  moveRing() {
    this.ring.hidden = !this.at || !TOOLS_WITH_RING.has(this.brush.tool);
    if (this.ring.hidden) return;
    const [x, y] = this.viewport.project(this.at);
    const size = Math.max(MIN_RING, this.brush.size * this.viewport.scale);
    this.ring.style.width = this.ring.style.height = `${size}px`;
    this.ring.style.transform = `translate(${x - size / 2}px, ${y - size / 2}px)`;
  }

  /** Show an open or closed outline while it is drawn; none: []. */
  outline(points) {
    this.points = points;
    this.ink.setAttribute("d", this.path(points));
  }

  /** Show the frame of the layer that can be moved, with a grip at each corner; none: null. */
  frame(target) {
    this.target = target;
    const edges = target ? corners(target) : [];
    const grips = edges.map((corner) => {
      const [x, y] = this.viewport.project(corner);
      return `M${x - HANDLE / 2} ${y - HANDLE / 2}h${HANDLE}v${HANDLE}h${-HANDLE}z`;
    });
    this.box.setAttribute("d", this.path(edges) + grips.join(""));
  }

  path(points) {
    if (points.length === 0) return "";
    return `M${points.map((point) => this.viewport.project(point).join(" ")).join("L")}Z`;
  }

  showAxis() {
    const { mirrors, axis } = this.brush;
    const [x] = this.viewport.project([axis, 0]);
    this.line.setAttribute("d", mirrors ? `M${x} 0V${this.viewport.stage}` : "");
    this.handle.hidden = !mirrors;
    this.handle.style.left = `${x}px`;
    this.handle.setAttribute("aria-valuenow", axis);
  }

  grip(event) {
    event.stopPropagation(); // no stroke begins here
    if (event.isTrusted) this.handle.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (event.buttons === 0) return;
    event.stopPropagation();
    const { left } = this.stage.getBoundingClientRect();
    const [axis] = this.viewport.locate([event.clientX - left, 0]);
    this.brush.set({ axis });
  }

  step(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    event.stopPropagation();
    this.brush.set({ axis: this.brush.axis + direction });
  }
}
