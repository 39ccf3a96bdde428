// What one sampling run has reported so far: an image and the gate's weights for every step.

import { deflate, fromBase64, inflate } from "../files/codec.js";
import { coverage } from "../gate/statistics.js";

export const FULL_WEIGHT = 65535;

export class Run {
  /**
   * grid: [rows, columns] of tokens.
   * labels: the label map that the image is made of, a square Uint8Array row by row, which
   *     nothing may change any more. Without it, nothing is known of regions.
   * settings: that it was asked for with, as of Accepted, or null.
   */
  constructor({ steps, grid, experts, labels = null, settings = null }) {
    Object.assign(this, { steps, grid, experts, labels, settings });
    this.reports = [];
  }

  /** Share of every token that each region covers; null without a label map. */
  get shares() {
    const { labels, grid, experts } = this;
    // When it is asked for, as counting all pixels would hold up an image that is on its way.
    this.covered ??= labels && coverage(labels, grid, experts - 1);
    return this.covered;
  }

  /** packet: the next step's; its gate holds the weights token by token, as 16-bit integers. */
  add({ t, image, gate }) {
    const values = new Uint16Array(fromBase64(gate).buffer);
    this.reports.push({ t, image, values });
  }

  /**
   * To be stored: steps, grid, times, gate (the weights of all steps, compressed) and the images of
   * all steps but the last, whose image is the finished one.
   */
  async record() {
    const { steps, grid, times, reports } = this;
    const gate = await deflate(new Blob(reports.map(({ values }) => values)));
    return { steps, grid, times, gate, images: reports.slice(0, -1).map(({ image }) => image) };
  }

  /** What record() gave, of an Accepted. */
  static async from({ steps, grid, times, gate, images }, { image, labels, settings }) {
    const values = new Uint16Array((await inflate(gate)).buffer);
    const length = values.length / times.length;
    const run = new Run({ steps, grid, experts: length / (grid[0] * grid[1]), labels, settings });
    run.reports = times.map((t, step) => (
      { t, image: images[step] ?? image, values: values.slice(step * length, (step + 1) * length) }));
    return run;
  }

  get done() {
    return this.reports.length;
  }

  get tokens() {
    return this.grid[0] * this.grid[1];
  }

  /** t of every step so far, 1 = noise. */
  get times() {
    return this.reports.map(({ t }) => t);
  }

  /** One weight, in [0, 1]. */
  weight(step, expert, token) {
    return this.reports[step].values[token * this.experts + expert] / FULL_WEIGHT;
  }

  /** An expert's weights in one step, in [0, 1], token by token. */
  map(step, expert) {
    return Float32Array.from({ length: this.tokens }, (_, token) => this.weight(step, expert, token));
  }

  /** Share of every token that an expert's region covers; null for the global expert. */
  share(expert) {
    return expert === 0 ? null : this.shares?.[expert - 1] ?? null;
  }
}
