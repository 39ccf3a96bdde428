// Asks the person to choose one of several things, shown by name, colour or label map.

import { thumbnail } from "./files.js";

export class Question {
  /** palette: [r, g, b] by region. */
  constructor(dialog, palette) {
    Object.assign(this, { dialog, palette });
    this.answer = () => {};
    dialog.querySelector(".dismiss").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => this.answer(null));
  }

  /**
   * options: { title, color or labels or neither }. A promise of the chosen option's place, or of null if
   * the dialog was closed without a choice.
   */
  ask({ title, text, options }) {
    this.answer(null);
    this.dialog.querySelector("h2").textContent = title;
    this.dialog.querySelector("p").textContent = text;
    const list = this.dialog.querySelector(".options");
    list.replaceChildren(...options.map((option, place) => this.button(option, place)));
    list.classList.toggle("drawn", options.some(({ labels }) => labels));
    list.classList.toggle("many", options.length > 6);
    if (!this.dialog.open) this.dialog.showModal();
    return new Promise((resolve) => (this.answer = resolve));
  }

  button({ title, color, labels }, place) {
    const button = document.createElement("button");
    button.type = "button";
    if (labels) {
      button.append(document.createElement("canvas"));
      thumbnail(button.firstChild, labels, this.palette);
    }
    if (color) {
      button.append(document.createElement("i"));
      button.firstChild.style.background = `rgb(${color})`;
    }
    button.append(title);
    button.addEventListener("click", () => {
      this.answer(place);
      this.dialog.close();
    });
    return button;
  }
}
