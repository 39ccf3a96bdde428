// The selected row in more detail: opacity, strength, place in the stack, and where else to take it from.

import { times } from "./row.js";

const WEAKER = 10; // steps of the slider from 1 down to 0
const STRONGER = 15; // ... and from 1 up to 4

export class Inspector {
  /** palette: Palette. states: LayerView. expertSettings: ExpertSettings. commands: name -> function. */
  constructor(panel, { palette, regions, experts, brush, drawing, layerView, expertSettings, commands }) {
    const find = (selector) => panel.querySelector(selector);
    Object.assign(this, { panel, palette, regions, experts, brush, drawing, layerView, expertSettings });
    this.title = find(".title");
    this.weight = find(".weight");
    this.opacity = find("[name=layer-opacity]");
    this.strength = find("[name=expert-strength]");
    Object.assign(this.strength, { min: -WEAKER, max: STRONGER, step: 1 });
    for (const button of panel.querySelectorAll("[data-command]")) {
      button.addEventListener("click", () => commands[button.dataset.command]());
    }
    this.listen();
    this.show();
  }

  listen() {
    const { opacity, strength, layerView, expertSettings, brush } = this;
    const fade = () => layerView.setOpacity(brush.region, Number(opacity.value));
    opacity.addEventListener("input", fade);
    opacity.addEventListener("dblclick", () => layerView.setOpacity(brush.region, 1));
    // An image may follow: not for every place that the slider passes.
    strength.addEventListener("input", () => this.showStrength(factorAt(strength.value)));
    strength.addEventListener("change", () => expertSettings.setStrength(this.expert, factorAt(strength.value)));
    strength.addEventListener("dblclick", () => expertSettings.setStrength(this.expert, 1));
    this.palette.addEventListener("change", () => this.show());
    this.palette.addEventListener("weigh", () => this.showWeight());
  }

  get expert() {
    return this.palette.expert;
  }

  show() {
    const { palette: { isGlobal }, brush: { region }, drawing: { layers } } = this;
    this.title.textContent = this.experts[this.expert];
    this.panel.classList.toggle("global", isGlobal);
    this.opacity.value = this.layerView.opacity(region);
    const percent = `${Math.round(100 * this.layerView.opacity(region))} %`;
    this.opacity.setAttribute("aria-valuetext", percent);
    this.opacity.nextElementSibling.textContent = percent;
    const strength = this.expertSettings.strength(this.expert);
    this.strength.value = placeOf(strength);
    this.showStrength(strength);
    const rank = layers.rank[region];
    const can = { raise: rank > 0 && rank < layers.order.length - 1, lower: rank > 1 };
    for (const [command, isPossible] of Object.entries(can)) {
      this.panel.querySelector(`[data-command=${command}]`).disabled = !isPossible;
    }
    this.showWeight();
  }

  showWeight() {
    const { text, title } = this.palette.told(this.expert);
    Object.assign(this.weight, { textContent: text, title });
  }

  showStrength(strength) {
    this.strength.setAttribute("aria-valuetext", `${strength} times`);
    this.strength.nextElementSibling.textContent = times(strength);
  }
}

/** 1 has a place of its own, with even steps at both sides of it. */
const factorAt = (place) => {
  const steps = Number(place);
  return Number((1 + (steps < 0 ? steps / WEAKER : (3 * steps) / STRONGER)).toFixed(2));
};

const placeOf = (factor) =>
  Math.round(factor < 1 ? (factor - 1) * WEAKER : ((factor - 1) * STRONGER) / 3);
