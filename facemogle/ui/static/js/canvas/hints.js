// What to do first, said on the canvas until it has been done.

import { loadSettings, saveSettings } from "../history/store.js";

const NARROW = 760; // CSS pixels, as in the style sheets

export class Hints {
  constructor(element, { drawing, brush, regions }) {
    Object.assign(this, { element, drawing, brush, regions });
    this.used = new Set(loadSettings().used); // "paint", "edit"
    this.hasImage = false;
    // A hint goes as soon as a stroke begins, which it would be in the way of.
    drawing.addEventListener("paint", () => this.isShown && this.use());
    drawing.addEventListener("commit", () => this.look());
    brush.addEventListener("change", () => this.show());
    this.look();
  }

  /** There is an image to compare the drawing with. */
  imageMade() {
    if (this.hasImage) return;
    this.hasImage = true;
    this.show();
  }

  use() {
    this.used.add("paint");
    if (this.hasImage) this.used.add("edit");
    saveSettings({ used: [...this.used] });
    this.isEmpty = false;
    this.show();
  }

  look() {
    const { labels, layers } = this.drawing;
    this.isEmpty = labels.every((label) => label === layers.firstOrder[0]);
    this.show();
  }

  get isShown() {
    return !this.element.hidden;
  }

  show() {
    const { text } = this;
    this.element.textContent = text;
    this.element.hidden = !text;
  }

  get text() {
    const { title } = this.regions[this.brush.region];
    if (this.isEmpty) {
      return `Nothing is drawn yet. Paint ${title} here, choose another region from the list, or start from a face: File.`;
    }
    if (!this.used.has("paint")) {
      const others = innerWidth <= NARROW ? "Further down are the other regions" : "The list has the other regions";
      return `Painting: ${title}. ${others}; File has faces to start from.`;
    }
    if (this.hasImage && !this.used.has("edit")) {
      return "Now change the drawing and generate again: what you do not touch stays as it is.";
    }
    return "";
  }
}
