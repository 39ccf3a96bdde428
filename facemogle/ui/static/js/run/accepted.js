// A finished image with what it was made from: the history goes back to it, an edit starts from it.

import { deflate, inflate, toBase64 } from "../files/codec.js";
import { checksum } from "../files/png.js";
import { Run } from "./run.js";

let others = 0; // images that no request of this page has made

export class Accepted {
  /**
   * image: data URL of a PNG or JPEG. labels: its label map, which nothing may change any more.
   * layers: a promise of the drawing's layers, { words: packed, order }, or null if unknown.
   * settings: { prompt, seed, steps, strength } of the form and { muted, expert_strengths } of the
   *     experts' states, or null if nothing is known of them.
   * isForeign: whether it, or what it is an edit of, was not made here.
   * isEdit: whether pixels of an image before it were kept.
   * run: that led to it, or trace: Run.record() of that; null if nothing is known of the gate.
   * photo: what it is a face of, as Photo has it, if that is open; only this page knows.
   * number: of the request that made it; without one, the server does not have the image.
   * id, time: given to an image once; in milliseconds, when it was made.
   */
  constructor({
    image, labels, layers = null, settings, isForeign, isEdit = false, run = null, trace = null,
    photo = null, number, id, time = Date.now(),
  }) {
    Object.assign(this, { image, labels, layers, settings, isForeign, isEdit, run, trace, photo, time });
    this.id = id ?? `${time}-${Math.random()}`;
    this.number = number ?? --others;
    this.isKnown = number !== undefined; // to the server
  }

  /** The base of a request. encode(labels): a promise of the bytes of an indexed PNG. */
  async asBase(encode) {
    const { number, image, isForeign, settings } = this;
    if (this.isKnown) return { number };
    const mask = toBase64(await encode(this.labels));
    const prompt = isForeign ? null : settings.prompt;
    const { seed = "0", muted, expert_strengths } = settings ?? {};
    return { number, image, mask, prompt, seed, muted, expert_strengths };
  }

  /** The run that led to it, for the gating view; null if nothing is known of it. */
  async opened() {
    if (!this.run && this.trace) this.run = await Run.from(this.trace, this);
    return this.run;
  }

  /** Checksum of the label map. */
  get sum() {
    this.known ??= checksum(this.labels);
    return this.known;
  }

  /** To be stored: the same without what only this page knows, label map and layers compressed. */
  async record() {
    const { id, time, image, settings, isForeign, isEdit } = this;
    this.trace ??= await this.run?.record() ?? null;
    const [labels, layers] = await Promise.all([deflate(this.labels), this.layers]);
    return { id, time, image, settings, isForeign, isEdit, labels, layers, trace: this.trace };
  }

  static async from(record) {
    const { labels, layers, image = record.picture } = record; // as browsers stored it at first
    return new Accepted({ ...record, image, labels: await inflate(labels), layers: Promise.resolve(layers) });
  }
}
