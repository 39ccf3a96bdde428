// What the gating view draws at one moment, as numbers and pixels: no page, so that it can be tested.

import {
  DIVERGING_COLORS, DIVERGING_GRADIENT, pixelOf, pixelsOfMap, SEQUENTIAL_COLORS, SEQUENTIAL_GRADIENT,
} from "./colormap.js";
import { difference, stepAt, summary, winners, winnerShares } from "./statistics.js";
import { FULL_WEIGHT } from "../run/run.js";

const CLEAR = 0;

export class Scene {
  /**
   * run, step: what is looked at. pinned: the run it is compared with, or null.
   * mode: "run", "both" (pinned, then run) or "difference" (run minus pinned).
   * scale: "relative" (a map's own range, but at least up to an equal share of the experts, so that who
   * hardly weighs anything is dark) or "absolute" (the same for all: up to the largest weight).
   * colors: [red, green, blue] of every expert, for the map of winners.
   */
  constructor({ run, step, pinned, mode, scale, colors }) {
    Object.assign(this, { run, step, pinned, mode, scale, colors });
    this.pinnedStep = pinned && stepAt(pinned, run.reports[step].t);
    this.drawn = []; // by expert: tiles, rows and overlay show the same
  }

  get gradient() {
    return this.mode === "difference" ? DIVERGING_GRADIENT : SEQUENTIAL_GRADIENT;
  }

  /**
   * One expert's maps: layers of pixels from left to right, a summary of each, and the values from
   * and to that the first and the last colour stand for.
   */
  expert(expert) {
    this.drawn[expert] ??= this.mode === "difference" ? this.changes(expert) : this.weights(expert);
    return this.drawn[expert];
  }

  weights(expert) {
    const maps = this.shown.map(([run, step]) => run.map(step, expert));
    const summaries = maps.map(summary);
    const [from, to] = this.scale === "absolute" ? [0, this.largest] : [
      Math.min(...summaries.map(({ low }) => low)),
      Math.max(...summaries.map(({ high }) => high), 1 / this.run.experts),
    ];
    const colors = { low: from, high: to, colors: SEQUENTIAL_COLORS };
    return { layers: maps.map((map) => pixelsOfMap(map, colors)), summaries, from, to };
  }

  /** Largest weight of any expert anywhere. */
  get largest() {
    const levels = this.shown.map(([run, step]) => run.reports[step].values);
    this.most ??= Math.max(...levels.map((values) => values.reduce((a, b) => Math.max(a, b), 0))) / FULL_WEIGHT;
    return this.most;
  }

  changes(expert) {
    const map = difference(this.run, this.step, this.pinned, this.pinnedStep, expert);
    const { low, high, mean } = summary(map);
    // At least one level of the weights: equal runs are all middle colour, not all extreme.
    const reach = this.scale === "absolute" ? this.largest : Math.max(-low, high, 1 / FULL_WEIGHT);
    const colors = { low: -reach, high: reach, colors: DIVERGING_COLORS };
    return {
      layers: [pixelsOfMap(map, colors)], summaries: [{ low, high, mean }], from: -reach, to: reach,
    };
  }

  /** Winning experts: layers in the experts' colours, and [expert, share of the tokens] of the run.
   * As a difference, only the tokens whose winner changed are drawn and counted in changed. */
  winners() {
    const won = this.shown.map(([run, step]) => winners(run, step));
    const shares = winnerShares(won.at(-1));
    const paint = (map) => Uint32Array.from(map, (expert) => pixelOf(this.colors[expert]));
    if (this.mode !== "difference") return { layers: won.map(paint), shares, changed: null };
    const before = winners(this.pinned, this.pinnedStep);
    const pixels = paint(won[0]);
    won[0].forEach((expert, token) => {
      if (expert === before[token]) pixels[token] = CLEAR;
    });
    const changed = pixels.filter((pixel) => pixel !== CLEAR).length / pixels.length;
    return { layers: [pixels], shares, changed };
  }

  /** Runs drawn beside each other, as [run, step]. */
  get shown() {
    const now = [this.run, this.step];
    return this.mode === "both" ? [[this.pinned, this.pinnedStep], now] : [now];
  }
}
