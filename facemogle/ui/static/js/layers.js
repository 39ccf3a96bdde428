// The drawing as 19 binary layers over one another; what is visible of them is the label map.

export const SIDE = 512;

/** A rectangle of pixels; right and bottom are exclusive. */
export const WHOLE = Object.freeze({ left: 0, top: 0, right: SIDE, bottom: SIDE });

/**
 * One 32-bit word per pixel holds all its layers: bit r is the layer of rank r, 0 = lowest. So the
 * visible region is the highest bit, and what lies under a stroke is still there.
 */
export class Layers {
  /**
   * order: regions from the lowest layer to the highest.
   * beneath: region -> region that a flat mask must have under it.
   * across: region -> region that it covers in part where it runs across it.
   */
  constructor({ order, beneath, across }) {
    this.order = order;
    this.beneath = beneath;
    this.across = across;
    this.bitOf = [];
    order.forEach((region, rank) => (this.bitOf[region] = 1 << rank));
    this.words = new Uint32Array(SIDE * SIDE);
    this.labels = new Uint8Array(SIDE * SIDE);
  }

  /** Paint a span on a region's layer; higher layers are cut away there, so that it shows. */
  paint(y, left, right, region) {
    const bit = this.bitOf[region];
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) {
      this.set(i, (this.words[i] & (bit - 1)) | bit);
    }
  }

  /** Erase a span on a region's layer; whatever lies under it shows. */
  erase(y, left, right, region) {
    const bit = this.bitOf[region];
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) this.set(i, this.words[i] & ~bit);
  }

  set(i, word) {
    this.words[i] = word;
    this.labels[i] = word === 0 ? 0 : this.order[31 - Math.clz32(word)];
  }

  /** Take over saved words. */
  setWords(words) {
    words.forEach((word, i) => this.set(i, word));
  }

  /** Take over a flat label map and what it implies: skin goes on under the eyes. */
  setLabels(labels) {
    for (let start = 0; start < labels.length; start += SIDE) {
      const row = labels.subarray(start, start + SIDE);
      row.forEach((label, x) => {
        const under = this.beneath[label] ?? this.crossed(row, x, label);
        const word = this.bitOf[label];
        this.set(start + x, under === undefined ? word : word | this.bitOf[under]);
      });
    }
  }

  /** The region that a strand of hair crosses: it lies at both sides of x in the row. */
  crossed(row, x, label) {
    const region = this.across[label];
    if (region === undefined) return undefined;
    const isInside = row.indexOf(region) < x && x < row.lastIndexOf(region);
    return isInside ? region : undefined;
  }

  /** Exchange the layers of left and right regions. partner: region -> its mirror partner. */
  swap(partner) {
    for (let i = 0; i < this.words.length; i++) {
      let word = 0;
      this.order.forEach((region) => {
        if (this.words[i] & this.bitOf[region]) word |= this.bitOf[partner[region]];
      });
      this.set(i, word);
    }
  }
}
