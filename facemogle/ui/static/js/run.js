// What one sampling run has reported so far: a picture and the gate's weights for every step.

import { fromBase64 } from "./codec.js";

const FULL_WEIGHT = 65535;

export class Run {
  /** grid: [rows, columns] of tokens. */
  constructor({ steps, grid, experts }) {
    Object.assign(this, { steps, grid, experts });
    this.reports = [];
  }

  /** packet: a step packet; its gate holds the weights token by token, as 16-bit integers. */
  add({ index, t, picture, gate }) {
    const values = new Uint16Array(fromBase64(gate).buffer);
    const maps = Array.from({ length: this.experts }, (_, expert) => {
      const weights = new Float32Array(values.length / this.experts);
      weights.forEach((_, token) => {
        weights[token] = values[token * this.experts + expert] / FULL_WEIGHT;
      });
      return { weights, ...summary(weights) };
    });
    this.reports[index] = { t, picture, maps };
  }

  get done() {
    return this.reports.length;
  }
}

function summary(weights) {
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  for (const weight of weights) {
    low = Math.min(low, weight);
    high = Math.max(high, weight);
    sum += weight;
  }
  return { low, high, mean: sum / weights.length };
}
