// What the person holds: tool, region, size and mirror. Every panel reads it, several change it.

import { SIDE } from "../layers/layers.js";

export const MIN_SIZE = 1;
export const MAX_SIZE = 160;

export class Brush extends EventTarget {
  /** mirrors: whether the other side is painted, too. axis: x of the mirror, a whole number. */
  constructor({ tool = "brush", region, size = 18, mirrors = false, axis = SIDE / 2 }) {
    super();
    this.state = { tool, region, size, mirrors, axis };
    this.former = { tool, region };
  }

  get tool() {
    return this.state.tool;
  }

  get region() {
    return this.state.region;
  }

  /** Diameter in pixels. */
  get size() {
    return this.state.size;
  }

  get mirrors() {
    return this.state.mirrors;
  }

  get axis() {
    return this.state.axis;
  }

  set(changes) {
    const { tool, region } = this.state;
    Object.assign(this.state, changes);
    if (tool !== this.tool) this.former.tool = tool;
    if (region !== this.region) this.former.region = region;
    this.state.size = Math.min(MAX_SIZE, Math.max(MIN_SIZE, Math.round(this.state.size)));
    this.state.axis = Math.min(SIDE - 1, Math.max(1, Math.round(this.state.axis)));
    this.dispatchEvent(new Event("change"));
  }

  /** One key press: about a sixth larger or smaller, so that small sizes can be set exactly. */
  resize(direction) {
    this.set({ size: this.size + direction * Math.max(1, Math.round(this.size / 6)) });
  }

  /** Take the region that was held before this one. */
  swapRegion() {
    this.set({ region: this.former.region });
  }

  /** Take a region from the drawing; the tool for it goes back to the one before. */
  pick(region) {
    const tool = this.tool === "pick" ? this.former.tool : this.tool;
    this.set({ region, tool: tool === "pick" ? "brush" : tool });
  }

  /** What a stroke that begins at x needs to know, as the drawing takes it. */
  hand(x) {
    const mirror = this.mirrors ? { axis: this.axis, isLeft: x < this.axis } : null;
    return { region: this.region, mirror };
  }
}
