// The regions as rows: one click takes a region and its layer; its eye, lock and solo beside it.

import { icon } from "./icon.js";

const MARKS = [
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
    help: "A locked layer is neither painted nor cut away nor covered",
    paths: [["", "M7 10V7a5 5 0 0 1 10 0v3h1a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zm2 0h6V7a3 3 0 0 0-6 0z"]],
  },
  {
    kind: "solo",
    title: (name) => `Show only ${name}`,
    help: "Shows this layer whole, hidden parts too, and the rest faintly",
    paths: [["", "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zm0 2a6 6 0 1 1 0 12 6 6 0 0 1 0-12zm0 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"]],
  },
];

export class Palette {
  /** order: regions as listed. states: LayerStates. */
  constructor(list, { regions, order, brush, drawing, states }) {
    Object.assign(this, { brush, drawing, states });
    this.rows = new Map(order.map((index) => [index, row(regions[index])]));
    list.replaceChildren(...this.rows.values());
    list.addEventListener("click", (event) => this.click(event));
    list.addEventListener("keydown", (event) => this.step(event));
    brush.addEventListener("change", () => this.show());
    states.addEventListener("change", () => this.show());
    drawing.addEventListener("commit", () => this.count());
    this.show();
    this.count();
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const region = Number(button.parentElement.dataset.region);
    if (button.dataset.kind) this.states.toggle(button.dataset.kind, region);
    else this.brush.set({ region });
  }

  /** Arrow keys move through the swatches, as in any group of radio buttons. */
  step(event) {
    const direction = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!direction || event.target.dataset.kind) return;
    event.preventDefault();
    this.next(direction);
    radio(this.rows.get(this.brush.region)).focus();
  }

  /** Take the region below (1) or above (-1) the one in hand. */
  next(direction) {
    const regions = [...this.rows.keys()];
    const place = regions.indexOf(this.brush.region) + direction + regions.length;
    this.brush.set({ region: regions[place % regions.length] });
  }

  show() {
    for (const [region, element] of this.rows) {
      const isTaken = region === this.brush.region;
      radio(element).setAttribute("aria-checked", String(isTaken));
      element.classList.toggle("taken", isTaken);
      // Only the row in hand is on Tab's way: 76 stops would be a long way.
      for (const button of element.querySelectorAll("button")) {
        button.tabIndex = isTaken ? 0 : -1;
        const { kind } = button.dataset;
        if (kind) button.setAttribute("aria-pressed", String(this.states.is(kind, region)));
      }
    }
  }

  /** Say which layers are empty, and which are wholly under others. */
  count() {
    const { own, shown } = this.drawing.layers.count();
    for (const [region, element] of this.rows) {
      const badge = element.querySelector(".badge");
      badge.textContent = shown[region] ? "" : own[region] ? "covered" : "empty";
    }
  }

  /** Mark the row of the region under the pointer. */
  point(region) {
    for (const [index, element] of this.rows) {
      element.classList.toggle("pointed", index === region);
    }
  }
}

const radio = (element) => element.querySelector("[role=radio]");

function row({ index, title, color }) {
  const element = document.createElement("div");
  element.className = "row";
  element.dataset.region = index;
  const badge = document.createElement("span");
  badge.className = "badge";
  element.append(swatch(title, color), badge, ...MARKS.map((mark) => toggle(mark, title)));
  return element;
}

function swatch(title, color) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "radio");
  const chip = document.createElement("i");
  chip.style.background = `rgb(${color.join(" ")})`;
  const name = document.createElement("span");
  name.textContent = title;
  button.append(chip, name);
  const [side, part] = title.split(" ");
  if (side === "Left" || side === "Right") {
    const where = side === "Left" ? "right" : "left";
    button.title = `The person's ${side.toLowerCase()} ${part}: at the ${where} of the picture`;
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
