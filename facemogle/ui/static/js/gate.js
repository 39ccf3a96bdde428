// The gating view: how much each expert weighs, at each place and in each step.

import { drawMap, GRADIENT } from "./colormap.js";
import { summary } from "./gate_statistics.js";

export class Gate {
  /** titles: what a person reads for each expert, by expert number. */
  constructor(panel, { titles }) {
    this.panel = panel;
    this.expert = 0;
    this.step = 0;
    this.scale = "relative";
    this.run = null;
    const find = (selector) => panel.querySelector(selector);
    this.parts = {
      picture: find(".over img"), map: find(".over canvas"), slider: find("[name=step]"),
      step: find(".step-text"), expert: find(".expert-text"), opacity: find("[name=opacity]"),
      ramp: find(".ramp"), low: find(".low"), high: find(".high"), range: find(".range"),
    };
    this.parts.ramp.style.background = GRADIENT;
    this.tiles = titles.map((title, expert) => tile(title, expert));
    find(".tiles").append(...this.tiles.map(({ button }) => button));
    this.titles = titles;
    this.listen();
    this.show();
  }

  listen() {
    const { slider, opacity, map } = this.parts;
    slider.addEventListener("input", () => this.go(Number(slider.value) - 1));
    const fade = () => (map.style.opacity = opacity.value);
    opacity.addEventListener("input", fade);
    fade();
    for (const button of this.panel.querySelectorAll("[data-scale]")) {
      button.addEventListener("click", () => this.setScale(button.dataset.scale));
    }
    this.panel.querySelector(".tiles").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.select(Number(button.dataset.expert));
    });
  }

  /** Begin to follow a run. */
  start(run) {
    this.run = run;
    this.step = -1;
    this.show();
  }

  /** A step has come in. The view moves on with it unless a person has gone back. */
  grow() {
    const isFollowing = this.step >= this.run.done - 2;
    if (isFollowing) this.step = this.run.done - 1;
    this.show();
  }

  go(step) {
    this.step = step;
    this.show();
  }

  select(expert) {
    this.expert = expert;
    this.show();
  }

  setScale(scale) {
    this.scale = scale;
    this.show();
  }

  show() {
    for (const button of this.panel.querySelectorAll("[data-scale]")) {
      button.setAttribute("aria-pressed", String(button.dataset.scale === this.scale));
    }
    this.tiles.forEach(({ button }, expert) => {
      button.setAttribute("aria-pressed", String(expert === this.expert));
    });
    this.parts.expert.textContent = this.titles[this.expert];
    const report = this.run?.reports[this.step];
    this.panel.classList.toggle("empty", !report);
    if (report) this.showReport(report);
  }

  showReport({ t, picture }) {
    const { parts, run } = this;
    const maps = this.titles.map((_, expert) => {
      const weights = run.map(this.step, expert);
      return { weights, ...summary(weights) };
    });
    parts.slider.max = run.done;
    parts.slider.value = this.step + 1;
    parts.slider.disabled = run.done < 2;
    parts.step.textContent = `Step ${this.step + 1} of ${run.steps}, t = ${t.toFixed(3)}`;
    parts.picture.src = picture;
    this.draw(parts.map, maps[this.expert]);
    this.tiles.forEach((tile, expert) => {
      this.draw(tile.canvas, maps[expert]);
      tile.mean.textContent = percent(maps[expert].mean);
    });
    this.showLegend(maps[this.expert]);
  }

  showLegend(map) {
    const [low, high] = this.range(map);
    this.parts.low.textContent = weight(low);
    this.parts.high.textContent = weight(high);
    this.parts.range.textContent =
      `min ${weight(map.low)}, mean ${weight(map.mean)}, max ${weight(map.high)}`;
  }

  draw(canvas, map) {
    const [low, high] = this.range(map);
    drawMap(canvas, map.weights, this.run.grid, { low, high });
  }

  /** Weights that the darkest and the brightest colour stand for. */
  range({ low, high }) {
    return this.scale === "absolute" ? [0, 1] : [low, high];
  }
}

function tile(title, expert) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.expert = expert;
  const canvas = document.createElement("canvas");
  const name = document.createElement("span");
  name.textContent = title;
  const mean = document.createElement("b");
  mean.title = "Mean weight over the picture";
  button.append(canvas, name, mean);
  return { button, canvas, mean };
}

const weight = (value) => value.toFixed(4);

const percent = (share) => `${(100 * share).toFixed(1)} %`;
