// Takes the selected layer from another face: a template, or a mask that is opened for it.

import { fromBase64, inflate } from "../files/codec.js";
import { thumbnail } from "../files/files.js";

const FADED = 0.25; // of the other regions' colours in a thumbnail

export class TakeFrom {
  /** load(file): a promise of { labels }, or of nothing if it was no mask, which it has said. */
  constructor(dialog, { drawing, brush, regions, templates, load, tell }) {
    Object.assign(this, { dialog, drawing, brush, regions, load, tell });
    this.title = dialog.querySelector("h2");
    this.list = dialog.querySelector(".sources");
    this.input = dialog.querySelector("input[type=file]");
    this.sources = templates.map(({ title, labels }) => this.source(title, labels));
    this.list.append(...this.sources.map(({ button }) => button));
    dialog.querySelector(".dismiss").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.querySelector("[data-command=take-file]").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => this.read());
  }

  source(title, packed) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("canvas"), title);
    const source = { title, button, labels: inflate(fromBase64(packed)) };
    button.addEventListener("click", async () => this.take(await source.labels, title));
    return source;
  }

  async open() {
    const { region } = this.brush;
    this.title.textContent = `Take ${this.regions[region].title} from`;
    for (const { button, labels } of this.sources) {
      const map = await labels;
      button.disabled = !map.includes(region);
      thumbnail(button.querySelector("canvas"), map, this.colors(region));
    }
    this.dialog.showModal();
  }

  /** The region's own colour, and the others' paler. */
  colors(region) {
    return this.regions.map(({ color }, index) =>
      index === region ? color : color.map((value) => 255 - (255 - value) * FADED));
  }

  async read() {
    const [file] = this.input.files;
    this.input.value = ""; // so that the same file can be opened again
    this.dialog.close();
    const found = file && await this.load(file);
    if (found) this.take(found.labels, file.name);
  }

  take(labels, source) {
    const { region } = this.brush;
    const { title } = this.regions[region];
    this.dialog.close();
    if (!labels.includes(region)) return this.tell(`${source} has no ${title.toLowerCase()}.`);
    this.drawing.takeRegion(labels, region);
    this.tell(`Took ${title.toLowerCase()} from ${source}. Move it with V; undo takes it back.`);
  }
}
