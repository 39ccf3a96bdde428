// Which layers are locked, hidden, shown alone or see-through. A lock guards the drawing; the others
// change only what the canvas shows, never the label map.

const OPAQUE = 1;

export class LayerView extends EventTarget {
  /** saved: { locked: regions, hidden: regions, solo: region or null, opacities }. */
  constructor(layers, saved = {}) {
    super();
    this.layers = layers;
    this.put(saved);
  }

  /** kind: "locked", "hidden" or "solo". */
  is(kind, region) {
    return kind === "solo" ? this.solo === region : this[kind].has(region);
  }

  toggle(kind, region) {
    if (kind === "solo") this.solo = this.solo === region ? null : region;
    else if (!this[kind].delete(region)) this[kind].add(region);
    this.apply();
    this.dispatchEvent(new Event("change"));
  }

  /** Share of a layer's colour over what lies beneath it, in [0, 1]. */
  opacity(region) {
    return this.opacities.get(region) ?? OPAQUE;
  }

  put({ locked = [], hidden = [], solo = null, opacities = [] }) {
    Object.assign(this, { locked: new Set(locked), hidden: new Set(hidden), solo });
    this.opacities = new Map(opacities);
    this.apply();
    this.dispatchEvent(new Event("change"));
  }

  setOpacity(region, opacity) {
    if (opacity === OPAQUE) this.opacities.delete(region);
    else this.opacities.set(region, opacity);
    this.dispatchEvent(new Event("change"));
  }

  get saved() {
    const [locked, hidden, opacities] = [[...this.locked], [...this.hidden], [...this.opacities]];
    return { locked, hidden, solo: this.solo, opacities };
  }

  apply() {
    const { bitOf } = this.layers;
    this.layers.locked = [...this.locked].reduce((bits, region) => bits | bitOf[region], 0);
  }
}
