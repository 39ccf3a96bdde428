// What to do first, said on the canvas until it has been done.

import { loadSettings, saveSettings } from "./store.js";

export class Hints {
  constructor(element, { drawing, brush, regions }) {
    Object.assign(this, { element, drawing, brush, regions });
    this.used = new Set(loadSettings().used); // "paint", "edit"
    this.hasPicture = false;
    // As soon as a stroke begins, which the hint would be in the way of.
    drawing.addEventListener("paint", () => this.use(this.hasPicture ? ["paint", "edit"] : ["paint"]));
    brush.addEventListener("change", () => this.show());
    this.show();
  }

  /** There is a picture to compare the drawing with. */
  pictured() {
    if (this.hasPicture) return;
    this.hasPicture = true;
    this.show();
  }

  use(names) {
    if (!names.every((name) => this.used.has(name))) {
      names.forEach((name) => this.used.add(name));
      saveSettings({ used: [...this.used] });
    }
    this.show();
  }

  show() {
    this.element.textContent = this.text;
    this.element.hidden = !this.text;
  }

  get text() {
    const { title } = this.regions[this.brush.region];
    if (this.isEmpty) {
      return `Nothing is drawn yet. Paint ${title} here, take another region from the list, or start from a face.`;
    }
    if (!this.used.has("paint")) {
      return `Paint here: ${title} is in hand. The list has the other regions; below are faces to start from.`;
    }
    if (this.hasPicture && !this.used.has("edit")) {
      return "Now change the drawing and generate again: what you do not touch stays as it is.";
    }
    return "";
  }

  get isEmpty() {
    const { labels, layers } = this.drawing;
    return labels.every((label) => label === layers.firstOrder[0]);
  }
}
