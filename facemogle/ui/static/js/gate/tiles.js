// The gating view's small multiples: a tile per expert, and one of the winning experts.

import { drawPixels } from "./colormap.js";
import { percent } from "../percent.js";

export class Tiles {
  /** titles: of the experts. onSelect(expert): a tile was chosen; titles.length is the winners'. */
  constructor(element, { titles, onSelect }) {
    this.experts = titles.map((title, expert) => tile(title, expert, "b"));
    this.winners = tile("Winners", titles.length, "small");
    this.winners.button.title = "Which expert weighs most at each place, in the regions' colours";
    this.all = [...this.experts, this.winners];
    this.element = element;
    element.append(...this.all.map(({ button }) => button));
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) onSelect(Number(button.dataset.expert));
    });
  }

  /** Show the tiles in this order of experts, the winners last. */
  arrange(experts) {
    if (String(experts) === this.order) return;
    this.order = String(experts);
    this.element.append(...experts.map((expert) => this.experts[expert].button), this.winners.button);
  }

  select(chosen) {
    this.all.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(i === chosen)));
  }

  /** Mark an expert's tile, such as of the region under the pointer; null: none. */
  point(expert) {
    this.all.forEach(({ button }, i) => button.classList.toggle("pointed", i === expert));
  }

  /** Show nothing. */
  clear() {
    for (const { canvas, number } of this.all) {
      canvas.width = canvas.height = 1;
      number.textContent = "";
    }
  }

  draw(scene) {
    const { grid } = scene.run;
    this.experts.forEach(({ canvas, number }, expert) => {
      const { layers, summaries } = scene.expert(expert);
      drawPixels(canvas, layers, grid);
      number.textContent = means(summaries, scene.mode);
    });
    const { layers, shares, changed } = scene.winners();
    drawPixels(this.winners.canvas, layers, grid);
    this.winners.number.textContent = changed === null ? `${shares.length} of ${this.experts.length}` : percent(changed);
    this.winners.number.title = changed === null ? "Experts that win anywhere" : "Share of the places with another winner";
  }
}

function tile(title, expert, numberTag) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.expert = expert;
  button.title = title;
  const canvas = document.createElement("canvas");
  const name = document.createElement("span");
  name.textContent = title.replace(/^(Back|Neck)(?=[a-z])/, "$1\u00ad"); // where a long name may go on in a second line
  const number = document.createElement(numberTag);
  number.title = "Mean weight over the image";
  button.append(canvas, name, number);
  return { button, canvas, number };
}

function means(summaries, mode) {
  const [first, second] = summaries.map(({ mean }) => mean);
  if (mode === "both") return `${(100 * first).toFixed(1)} → ${percent(second)}`;
  if (mode === "difference") return `${first < 0 ? "−" : "+"}${(100 * Math.abs(first)).toFixed(2)}`;
  return percent(first);
}
