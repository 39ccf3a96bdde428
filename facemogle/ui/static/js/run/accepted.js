// A finished image with what it was made from: the history goes back to it, an edit starts from it.

import { deflate, inflate, toBase64 } from "../files/codec.js";
import { fingerprint } from "../fingerprint.js";
import { Run } from "./run.js";

let others = 0; // images that no request of this page has made

export class Accepted {
  /**
   * image: data URL of a PNG or JPEG. labels: its label map, which nothing may change any more.
   * layers: a promise of the drawing's layers, { words: packed, order }, or null if unknown.
   * settings: { prompt, seed, steps, strength } of the form and { muted, expert_strengths } of the
   *     experts' states, or null if nothing is known of them.
   * isForeign: whether it, or what it is an edit of, was not made here.
   * isEdit: whether pixels of an image before it were kept. whole: label map of the whole face that it
   *     is an edit of, or of its edits; null if it is none, or of an image that was not made here.
   * run: that led to it, or trace: Run.record() of that; null if nothing is known of the gate.
   * photo: what it is a face of, as Photo has it, if that is open; only this page knows.
   * number: of the request that made it; without one, the server does not have the image.
   * id, time: given to an image once; in milliseconds, when it was made.
   */
  constructor({
    image, labels, layers = null, settings, isForeign, isEdit = false, whole = null, run = null, trace = null,
    photo = null, number, id, time = Date.now(),
  }) {
    Object.assign(this, { image, labels, layers, settings, isForeign, isEdit, whole, run, trace, photo, time });
    this.id = id ?? `${time}-${Math.random()}`;
    this.number = number ?? --others;
    this.isKnown = number !== undefined; // to the server
  }

  /** The base of a request. encode(labels): a promise of the bytes of an indexed PNG. */
  async asBase(encode) {
    const { number, image, isForeign, settings } = this;
    if (this.isKnown) return { number };
    const [mask, whole] = await Promise.all([this.labels, this.wholeFace].map(
      async (labels) => labels && toBase64(await encode(labels))));
    const prompt = isForeign ? null : settings.prompt;
    const { seed = "0", muted, expert_strengths } = settings ?? {};
    return { number, image, mask, whole, prompt, seed, muted, expert_strengths };
  }

  /** Label map of the whole face that this is, or is an edit of; null if that is not known. */
  get wholeFace() {
    return this.isForeign ? null : this.isEdit ? this.whole : this.labels;
  }

  /** The run that led to it, for the gating view; null if nothing is known of it. */
  async opened() {
    if (!this.run && this.trace) this.run = await Run.from(this.trace, this);
    return this.run;
  }

  /** Fingerprint of the label map. */
  get sum() {
    this.known ??= fingerprint(this.labels);
    return this.known;
  }

  /** To be stored: the same without what only this page knows, label map and layers compressed. */
  async record() {
    const { id, time, image, settings, isForeign, isEdit } = this;
    this.trace ??= await this.run?.record() ?? null;
    const whole = this.whole && deflate(this.whole);
    const [labels, layers] = await Promise.all([deflate(this.labels), this.layers]);
    return {
      id, time, image, settings, isForeign, isEdit, whole: await whole, labels, layers, trace: this.trace,
    };
  }

  static async from(record) {
    const { layers, image = record.picture } = record; // as browsers stored it at first
    const [labels, whole] = await Promise.all(
      [record.labels, record.whole].map((map) => (map ? inflate(map) : null)));
    return new Accepted({ ...record, image, labels, whole, layers: Promise.resolve(layers) });
  }
}
