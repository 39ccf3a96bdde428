// What the person holds: tool, region and size. Every panel reads it, several change it.

export const MIN_SIZE = 1;
export const MAX_SIZE = 160;

export class Brush extends EventTarget {
  constructor({ tool = "brush", region, size = 18 }) {
    super();
    this.state = { tool, region, size };
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

  set(changes) {
    Object.assign(this.state, changes);
    this.state.size = Math.min(MAX_SIZE, Math.max(MIN_SIZE, Math.round(this.state.size)));
    this.dispatchEvent(new Event("change"));
  }

  /** One key press: about a sixth larger or smaller, so that small sizes can be set exactly. */
  resize(direction) {
    this.set({ size: this.size + direction * Math.max(1, Math.round(this.size / 6)) });
  }
}
