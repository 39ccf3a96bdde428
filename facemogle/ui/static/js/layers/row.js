// One row of the layers: swatch and name, what is set, the marks to set it with, and the gate's weight.

import { drawPixels } from "../gate/colormap.js";
import { icon } from "../icon.js";
import { percent } from "../percent.js";

export const MARKS = [
  {
    kind: "hidden",
    title: (name) => `Hide ${name}`,
    help: "Hides the layer on screen only; the mask keeps it",
    paths: [
      ["", "M12 5C6.5 5 2.7 9.1 1.5 12 2.7 14.9 6.5 19 12 19s9.3-4.1 10.5-7C21.3 9.1 17.5 5 12 5zm0 2c4 0 7 2.9 8.3 5-1.3 2.1-4.3 5-8.3 5s-7-2.9-8.3-5C5 9.9 8 7 12 7zm0 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
      ["strike", "M3 4.6 4.6 3 21 19.4 19.4 21z"],
    ],
  },
  {
    kind: "locked",
    title: (name) => `Lock ${name}`,
    help: "A locked layer is neither painted nor cut away nor painted over",
    paths: [["", "M7 10V7a5 5 0 0 1 10 0v3h1a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zm2 0h6V7a3 3 0 0 0-6 0z"]],
  },
  {
    kind: "solo",
    title: (name) => `Show only ${name}`,
    help: "Shows this layer whole, hidden parts too, and the rest faintly",
    paths: [["", "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zm0 2a6 6 0 1 1 0 12 6 6 0 0 1 0-12zm0 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"]],
  },
  {
    kind: "muted",
    title: (name) => `Mute ${name}`,
    help: "Hides the region from all experts: the model decides by itself what is there",
    paths: [
      ["", "M3 9v6h4l5 4.5v-15L7 9z"],
      ["waves", "M14.5 8.2v7.6a4.2 4.2 0 0 0 0-7.6zm0-4v2a6.3 6.3 0 0 1 0 11.6v2a8.2 8.2 0 0 0 0-15.6z"],
      ["strike", "M15.4 8 14 9.4l2.6 2.6-2.6 2.6 1.4 1.4 2.6-2.6 2.6 2.6 1.4-1.4-2.6-2.6L22 9.4 20.6 8 18 10.6z"],
    ],
  },
];

/** The row of a region, or with region null that of the global expert, which is no layer. */
export class LayerRow {
  constructor(region, { title, color }) {
    Object.assign(this, { region, title });
    this.element = document.createElement("div");
    this.element.className = "row";
    this.button = swatch(title, color);
    if (region === null) this.button.title = "The global expert sees all regions at once, as colours";
    else this.element.dataset.region = region;
    if (region !== null) this.button.setAttribute("role", "radio");
    this.badge = part("badge");
    this.strength = part("factor");
    this.marks = region === null ? [] : MARKS.map((mark) => toggle(mark, title));
    this.weight = part("weight");
    this.map = document.createElement("canvas");
    this.map.className = "heat";
    this.map.title = "Where the gate hears its expert, at the step shown";
    this.element.append(this.button, this.badge, this.strength, ...this.marks, this.weight, this.map);
  }

  /** drawn: of Scene.expert(), or null. */
  heat(drawn, grid) {
    this.map.hidden = !drawn;
    if (drawn) drawPixels(this.map, [drawn.layers.at(-1)], grid);
  }

  /** Whether it is selected. is(kind): whether a mark is set. strength, opacity: as they are set. */
  show({ isTaken, is, strength, opacity }) {
    this.element.classList.toggle("taken", isTaken);
    this.button.setAttribute(this.region === null ? "aria-pressed" : "aria-checked", String(isTaken));
    // Only the selected row is on Tab's way: 100 stops would be a long way.
    for (const button of [this.button, ...this.marks]) button.tabIndex = isTaken ? 0 : -1;
    if (this.region === null) this.button.tabIndex = 0;
    for (const mark of this.marks) mark.setAttribute("aria-pressed", String(is(mark.dataset.kind)));
    this.strength.textContent = strength === 1 ? "" : times(strength);
    this.strength.title = strength === 1 ? "" : `${this.title}: strength ${strength}`;
    this.button.querySelector("i").style.setProperty("--opacity", opacity);
  }

  /** What is known of the expert's weight, see `told`. share: of the largest of all. */
  weigh({ text, title }, share) {
    this.weight.textContent = text;
    this.weight.title = title;
    this.element.style.setProperty("--share", share.toFixed(3));
  }
}

export const times = (factor) => `×${factor}`;

/**
 * What a person reads of an expert's weight. weight: in [0, 1], or undefined if it is not known. isMuted:
 * now. isOld: whether the experts are to be heard otherwise than in the run that weighed.
 */
export function told({ weight, isMuted, isOld }) {
  if (isMuted) return { text: "muted", title: "Nothing of the region is shown to any expert" };
  if (weight === undefined) return { text: "", title: "" };
  if (isOld) return { text: "–", title: "Not known yet: mute or strength has changed since the image was made" };
  return { text: percent(weight), title: "The expert's mean weight in the gate, at the newest step" };
}

function part(name) {
  const element = document.createElement("span");
  element.className = name;
  return element;
}

function swatch(title, color) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "name";
  const chip = document.createElement("i");
  chip.style.setProperty("--color", color);
  const name = document.createElement("span");
  name.textContent = title;
  button.append(chip, name);
  const [side, of] = title.split(" ");
  if (side === "Left" || side === "Right") {
    const where = side === "Left" ? "right" : "left";
    button.title = `The person's ${side.toLowerCase()} ${of}: at the ${where} of the image`;
  }
  return button;
}

function toggle({ kind, title, help, paths }, name) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.kind = kind;
  button.setAttribute("aria-label", title(name));
  button.title = `${title(name)}. ${help}`;
  button.append(icon(paths));
  return button;
}
