// Which layers are locked, hidden or shown alone. A lock guards the drawing; the other two change
// only what the canvas shows, never the label map.

export class LayerStates extends EventTarget {
  /** saved: { locked: regions, hidden: regions, solo: region or null }, as of `saved`. */
  constructor(layers, { locked = [], hidden = [], solo = null } = {}) {
    super();
    this.layers = layers;
    this.locked = new Set(locked);
    this.hidden = new Set(hidden);
    this.solo = solo;
    this.apply();
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

  get saved() {
    return { locked: [...this.locked], hidden: [...this.hidden], solo: this.solo };
  }

  /** Bits of the hidden layers. */
  get hiddenBits() {
    return this.bits(this.hidden);
  }

  apply() {
    this.layers.locked = this.bits(this.locked);
  }

  bits(regions) {
    return [...regions].reduce((bits, region) => bits | this.layers.bitOf[region], 0);
  }
}
