// A finished picture with what it was made from: the history goes back to it, an edit starts from it.

import { deflate, inflate, toBase64 } from "./codec.js";

let others = 0; // pictures that no order of this page has made

export class Accepted {
  /**
   * picture: data URL of a PNG or JPEG. labels: its label map, which nothing may change any more.
   * layers: a promise of the drawing's layers, { words: packed, order }, or null if unknown.
   * settings: { prompt, seed, steps, strength } of the form and { muted, expert_strengths } of the
   *     experts' states, or null if nothing is known of them.
   * isForeign: whether it, or what it is an edit of, was not made here.
   * number: of the order that made it; without one, the server does not have the picture.
   * id, time: given to a picture once; in milliseconds, when it was made.
   */
  constructor({ picture, labels, layers = null, settings, isForeign, number, id, time = Date.now() }) {
    Object.assign(this, { picture, labels, layers, settings, isForeign, time });
    this.id = id ?? `${time}-${Math.random()}`;
    this.number = number ?? --others;
    this.isKnown = number !== undefined; // to the server
  }

  /** The base of an order. encode(labels): a promise of the bytes of an indexed PNG. */
  async asBase(encode) {
    const { number, picture, isForeign, settings } = this;
    if (this.isKnown) return { number };
    const mask = toBase64(await encode(this.labels));
    const prompt = isForeign ? null : settings.prompt;
    const { seed = "0", muted, expert_strengths } = settings ?? {};
    return { number, picture, mask, prompt, seed, muted, expert_strengths };
  }

  /** To be stored: the same without what only this page knows, label map and layers compressed. */
  async record() {
    const { id, time, picture, settings, isForeign } = this;
    const [labels, layers] = await Promise.all([deflate(this.labels), this.layers]);
    return { id, time, picture, settings, isForeign, labels, layers };
  }

  static async from(record) {
    const { labels, layers } = record;
    return new Accepted({ ...record, labels: await inflate(labels), layers: Promise.resolve(layers) });
  }
}
