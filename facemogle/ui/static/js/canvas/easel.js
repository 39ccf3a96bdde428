// The stage: turns pointers, wheel and keys into gestures, zoom and pan.

import { begin, isPenEraser, scaledBox } from "./gestures.js";
import { Pan, Pinch } from "./navigation.js";
import { SIDE } from "../layers/layers.js";

const MIDDLE = 1; // mouse button
const WHEEL_ZOOM = 0.0015; // per pixel of the wheel's way
const LINE = 16; // pixels, where a wheel counts in lines
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEY_STEP = 8; // pixels; with Shift 1
const NUDGE = 1; // pixels; with Shift 10
const GROWTH = { "+": 1.05, "=": 1.05, "-": 1 / 1.05 };
const PLAIN = { shiftKey: false, altKey: false }; // stands in for a pointer's event

export class Easel {
  /** onHover(region or null) follows the pointer. */
  constructor(stage, { drawing, brush, viewport, overlay, onHover }) {
    Object.assign(this, { stage, drawing, brush, viewport, overlay, onHover });
    this.paper = stage.querySelector(".paper");
    this.bench = { drawing, brush, overlay, viewport, last: null };
    this.gesture = null;
    this.pointer = null; // whose gesture it is; "keys" for the keyboard's
    this.fingers = new Map();
    this.hasPen = false; // from its first touch on, fingers move the paper and do not paint
    this.isPenDown = false;
    this.at = [SIDE / 2, SIDE / 2];
    this.listen();
  }

  listen() {
    const on = (type, handle) => this.stage.addEventListener(type, handle.bind(this));
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", this.abort);
    on("pointerleave", this.leave);
    on("wheel", this.wheel);
    on("keydown", this.key);
    on("blur", () => this.pointer === "keys" && this.drop());
    this.viewport.addEventListener("change", () => this.showView());
    this.brush.addEventListener("change", () => this.frame());
    this.drawing.addEventListener("commit", () => this.frame());
    new ResizeObserver(() => this.viewport.resize(this.stage.clientWidth)).observe(this.stage);
    this.frame();
  }

  showView() {
    const { x, y, zoom } = this.viewport;
    this.paper.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
  }

  /** While Space is held, dragging pans; returns whether the key was meant for the stage. */
  holdPan(isHeld) {
    const isMeant = this.stage.matches(":hover, :focus");
    this.isPanning = isHeld && isMeant;
    this.stage.classList.toggle("panning", this.isPanning);
    return isMeant;
  }

  press(event) {
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    if (event.pointerType === "pen") this.takePen();
    if (event.pointerType === "touch" && this.isPenDown) return; // the palm of the hand that holds it
    if (event.pointerType === "touch") this.fingers.set(event.pointerId, this.place(event));
    if (this.fingers.size === 2) return this.pinch();
    // Another mouse button neither starts nor ends a stroke.
    if (this.gesture || this.fingers.size > 2) return;
    const pans = this.isPanning || event.button === MIDDLE ||
      (this.hasPen && event.pointerType === "touch");
    if (!pans && event.button > 0 && !isPenEraser(event)) return;
    this.gesture = pans ? new Pan(this.viewport, event) : begin(this.bench, this.locate(event), event);
    this.pointer = event.pointerId;
    // Keeps a stroke going that leaves the canvas; unknown to pointers made by scripts.
    if (event.isTrusted) this.stage.setPointerCapture(event.pointerId);
  }

  /** Whatever the hand has begun that holds the pen was not meant. */
  takePen() {
    this.drop();
    this.fingers.clear();
    this.hasPen = this.isPenDown = true;
  }

  move(event) {
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, this.place(event));
    this.drag(event);
    this.hover(event);
  }

  drag(event) {
    if (this.gesture instanceof Pinch) return this.gesture.move([...this.fingers.values()]);
    if (!this.gesture || event.pointerId !== this.pointer) return;
    // All positions since the last frame; only offered to pages that came over a safe connection.
    const passed = event.getCoalescedEvents?.() ?? [];
    const events = passed.length ? passed : [event];
    // All are read before anything is written, so that the browser lays the page out once at most.
    const places = events.map((between) => this.locate(between));
    events.forEach((between, k) => this.gesture.move(places[k], between));
  }

  release(event) {
    if (event.pointerType === "pen") this.isPenDown = false;
    if (event.pointerType === "touch" && !this.fingers.has(event.pointerId)) return;
    this.fingers.delete(event.pointerId);
    if (this.gesture instanceof Pinch) {
      if (this.fingers.size === 0) this.gesture = null;
    } else if (event.pointerId === this.pointer) {
      this.end();
      this.hover(event);
    }
  }

  /** The system took the pointer away, such as for a gesture of its own: nothing was meant. */
  abort(event) {
    if (event.pointerType === "pen") this.isPenDown = false;
    if (event.pointerType === "touch" && !this.fingers.has(event.pointerId)) return;
    this.fingers.delete(event.pointerId);
    if (event.pointerId === this.pointer || this.fingers.size === 0) this.drop();
  }

  /** A second finger turns what the first one began into a zoom. */
  pinch() {
    this.drop();
    this.gesture = new Pinch(this.viewport, [...this.fingers.values()]);
  }

  end() {
    const { gesture } = this;
    this.gesture = this.pointer = null;
    gesture?.end();
    this.frame();
  }

  drop() {
    const { gesture } = this;
    this.gesture = this.pointer = null;
    gesture?.cancel();
    this.frame();
  }

  wheel(event) {
    event.preventDefault();
    const way = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    if (event.ctrlKey || event.metaKey) this.brush.resize(-Math.sign(way));
    else this.viewport.zoomAt(Math.exp(-way * WHEEL_ZOOM), this.place(event));
    this.hover(event);
  }

  /** With the stage in focus: arrows move the brush or the layer, Enter presses and releases. */
  key(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const isMove = this.brush.tool === "move";
    if (event.key in ARROWS) (isMove ? this.nudge : this.steer).call(this, event);
    else if (event.key === "Enter" && !isMove) this.pressKey(event);
    else if (event.key === "Escape" && this.gesture) this.drop();
    else if (event.key in GROWTH && isMove) this.grow(GROWTH[event.key]);
    else return;
    event.preventDefault();
  }

  steer({ key, shiftKey }) {
    const step = shiftKey ? 1 : KEY_STEP;
    const [dx, dy] = ARROWS[key].map((direction) => direction * step);
    const inside = (coordinate) => Math.min(SIDE - 1, Math.max(0, coordinate));
    this.at = [inside(this.at[0] + dx), inside(this.at[1] + dy)];
    this.overlay.point(this.at);
    this.tellHover();
    if (this.pointer === "keys") this.gesture.move(this.at, PLAIN);
  }

  pressKey({ shiftKey }) {
    if (this.pointer === "keys") return this.end();
    if (this.gesture) return;
    this.gesture = begin(this.bench, this.at, { ...PLAIN, shiftKey });
    const isLasting = ["brush", "eraser", "rectangle", "lasso"].includes(this.brush.tool);
    if (this.gesture && isLasting) this.pointer = "keys";
    else this.end();
  }

  nudge({ key, shiftKey }) {
    const [dx, dy] = ARROWS[key].map((direction) => direction * NUDGE * (shiftKey ? 10 : 1));
    this.drawing.shift(this.brush.region, ({ left, top, right, bottom }) => ({
      left: left + dx, top: top + dy, right: right + dx, bottom: bottom + dy,
    }));
  }

  grow(factor) {
    this.drawing.shift(this.brush.region, (box) => {
      const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      return scaledBox(box, middle, factor, factor);
    });
  }

  /** The frame around the selected layer, while it can be moved. */
  frame() {
    if (this.drawing.isStroking) return;
    const isMove = this.brush.tool === "move";
    this.overlay.frame(isMove ? this.drawing.layers.cut(this.brush.region).box : null);
  }

  hover(event) {
    this.at = this.locate(event);
    this.tellHover();
    this.overlay.point(event.pointerType === "touch" ? null : this.at);
  }

  tellHover() {
    this.tell(this.drawing.regionAt(...this.at.map(Math.floor)));
  }

  leave() {
    this.overlay.point(null);
    this.tell(null);
  }

  /** What is under the pointer, when it is another region than before. */
  tell(region) {
    if (region === this.hovered) return;
    this.hovered = region;
    this.onHover(region);
  }

  /** Pointer position on the stage, and in the drawing's pixels. */
  place(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  locate(event) {
    return this.viewport.locate(this.place(event));
  }
}
