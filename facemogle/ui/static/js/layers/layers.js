// The drawing as 19 binary layers over one another; what is visible of them is the label map.

export const SIDE = 512;

/** A rectangle of pixels; right and bottom are exclusive. */
export const WHOLE = Object.freeze({ left: 0, top: 0, right: SIDE, bottom: SIDE });

/**
 * One 32-bit word per pixel holds all its layers, a bit for each; so what lies under a stroke is
 * still there. Which of them shows is looked up by the whole word, in a table for the layers' order.
 */
export class Layers {
  /**
   * order: regions from the lowest layer to the highest, as they are at first; the bit of a layer
   *     is its place here, whatever its place becomes.
   * beneath: region -> region that a flat mask must have under it.
   * across: region -> region that it covers in part where it runs across it.
   */
  constructor({ order, beneath, across }) {
    this.firstOrder = order;
    this.beneath = beneath;
    this.across = across;
    this.bitOf = [];
    order.forEach((region, rank) => (this.bitOf[region] = 1 << rank));
    this.words = new Uint32Array(SIDE * SIDE);
    this.labels = new Uint8Array(SIDE * SIDE);
    this.tops = new Uint8Array(1 << order.length); // word -> region of its highest layer
    this.locked = 0; // bits of the locked layers
    this.setOrder(order);
  }

  /** Stack the layers again: regions from the lowest to the highest, background at the bottom. */
  setOrder(order) {
    if (this.order?.every((region, rank) => region === order[rank])) return;
    this.order = [...order];
    this.rank = [];
    order.forEach((region, rank) => (this.rank[region] = rank));
    this.below = []; // by region: bits of the layers that lie below its own
    let bits = 0;
    for (const region of order) {
      this.below[region] = bits;
      bits |= this.bitOf[region];
    }
    this.tops[0] = this.firstOrder[0];
    for (let word = 1; word < this.tops.length; word++) {
      const one = this.firstOrder[31 - Math.clz32(word)];
      const rest = word & ~this.bitOf[one];
      const other = this.tops[rest];
      this.tops[word] = rest === 0 || this.rank[one] > this.rank[other] ? one : other;
    }
    this.words.forEach((word, i) => (this.labels[i] = this.tops[word]));
  }

  /**
   * Paint a span on a region's layer; higher layers are cut away there, so that it shows. Where a
   * locked layer shows, nothing is painted; where one lies hidden, it is not cut away.
   */
  paint(y, left, right, region) {
    const bit = this.bitOf[region];
    const kept = this.below[region] | this.locked;
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) {
      if (!(this.bitOf[this.labels[i]] & this.locked)) this.set(i, (this.words[i] & kept) | bit);
    }
  }

  /** Erase a span on a region's layer; whatever lies under it shows. */
  erase(y, left, right, region) {
    const bit = this.bitOf[region];
    for (let i = y * SIDE + left; i < y * SIDE + right; i++) this.set(i, this.words[i] & ~bit);
  }

  set(i, word) {
    this.words[i] = word;
    this.labels[i] = this.tops[word];
  }

  isLocked(region) {
    return (this.locked & this.bitOf[region]) !== 0;
  }

  /** How many pixels each region has: { own, shown }, by region. */
  count() {
    const own = this.order.map(() => 0);
    const shown = this.order.map(() => 0);
    const { words } = this;
    // Runs of equal words, as this comes at every stroke's end and a drawing has few of them.
    for (let start = 0, end = 0; start < words.length; start = end) {
      const word = words[start];
      while (end < words.length && words[end] === word) end++;
      shown[this.tops[word]] += end - start;
      for (let rest = word; rest; rest &= rest - 1) own[this.tops[rest & -rest]] += end - start;
    }
    return { own, shown };
  }

  /** Take over saved words, stacked in an order. */
  setWords(words, order = this.firstOrder) {
    this.setOrder(order);
    words.forEach((word, i) => this.set(i, word));
  }

  /** Take over a flat label map and what it implies, stacked as at first: skin under the eyes. */
  setLabels(labels) {
    this.setOrder(this.firstOrder);
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

  /** Empty one layer; whatever lies under it shows. */
  clear(region) {
    const bit = this.bitOf[region];
    for (let i = 0; i < this.words.length; i++) this.set(i, this.words[i] & ~bit);
  }

  /** Give all pixels of one region to another: what showed the one shows the other, no more. */
  recolor(from, to) {
    const source = this.bitOf[from];
    const target = this.bitOf[to];
    const kept = this.below[to] | this.locked;
    for (let i = 0; i < this.words.length; i++) {
      const word = this.words[i];
      if (this.labels[i] === from) this.set(i, (word & ~source & kept) | target);
      else if (word & source) {
        // Hidden: a target that is higher than what shows here would come out.
        const isUnder = this.rank[to] < this.rank[this.labels[i]];
        this.set(i, (word & ~source) | (isUnder ? target : 0));
      }
    }
  }

  /** A layer's own pixels, hidden ones too, and the smallest rectangle around them or null. */
  cut(region) {
    const bit = this.bitOf[region];
    const cells = new Uint8Array(SIDE * SIDE);
    const box = { left: SIDE, top: SIDE, right: 0, bottom: 0 };
    this.words.forEach((word, i) => {
      if (!(word & bit)) return;
      cells[i] = 1;
      const x = i % SIDE;
      const y = (i - x) / SIDE;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y + 1);
    });
    return { cells, box: box.left < box.right ? box : null };
  }

  /** Let a layer have exactly the pixels of an area where has(x, y); no other layer is touched. */
  put(region, { left, top, right, bottom }, has) {
    const bit = this.bitOf[region];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const i = y * SIDE + x;
        const word = has(x, y) ? this.words[i] | bit : this.words[i] & ~bit;
        if (word !== this.words[i]) this.set(i, word);
      }
    }
  }
}
