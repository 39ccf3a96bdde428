// Masks in and out: files and photos to open, files to save.

import { fromBase64, inflate, toBase64 } from "./codec.js";
import { SIDE } from "../layers/layers.js";
import { colorPNG, indexedPNG } from "./png.js";
import { EXTENSION } from "./projects.js";
import { save } from "./save.js";

export class Files {
  /**
   * read(file): asks the server; answers { labels, notes } or { error }, or nothing if it failed; of an
   * image that was made here also { settings, isForeign }. adopt(): takes it, as Runner does.
   * readPhoto(file, parser): the same of a photo; answers { image, labels, notes } or { error }.
   * openProject(file), saveProject(): as of Projects. openPair(): as of Pair.
   */
  constructor(element, { saveProject, openPair, ...others }) {
    // drawing, notice, palette, maxBytes, read, readPhoto, adopt, openProject
    Object.assign(this, others);
    const input = (name, take) => takeFile(element.querySelector(`input[name=${name}]`), take);
    const any = input("any", (file) => this.open(file));
    const photo = input("photo", (file) => this.openPhoto(file));
    const on = (command, act) =>
      element.querySelector(`[data-command=${command}]`).addEventListener("click", act);
    on("open", () => any.click());
    on("open-photo", () => photo.click());
    on("pair", openPair);
    on("save-project", saveProject);
    on("save-index", () => this.save("mask_index.png", indexedPNG));
    on("save-palette", () => this.save("mask_palette.png", colorPNG));
  }

  /** Put a mask on the canvas; a file that is none leaves the drawing as it is. */
  async open(file) {
    if (file.name.endsWith(EXTENSION)) return this.openProject(file);
    const asPhoto = { title: "Read it as a photo", act: () => this.openPhoto(file) };
    const found = await this.load(file, file.type.startsWith("image/") && asPhoto);
    if (!found) return;
    const { labels, notes, settings, isForeign } = found;
    if (settings) this.adopt({ image: await pngUrl(file), labels, settings, isForeign });
    else this.drawing.replace(labels);
    const swap = { title: "Swap left and right", act: () => this.swapSides() };
    this.notice.tell([`Opened ${file.name}.`, ...notes].join(" "), swap);
  }

  /** What the server reads in a mask's file, with its label map; null if it is no mask, as is said. */
  async load(file, action) {
    const answer = await this.send(file, this.read, action);
    return answer && { ...answer, labels: await inflate(fromBase64(answer.labels)) };
  }

  /** Put what a parser reads in a photo on the canvas; the photo is what the next edit starts from. */
  async openPhoto(file, parser = "embedded") {
    const forPhotographs = {
      title: "Use the parser for photographs", act: () => this.openPhoto(file, "hub"),
    };
    const answer = await this.send(file, () => this.readPhoto(file, parser));
    if (!answer) return;
    const { image, labels, notes } = answer;
    this.adopt({ image, labels: await inflate(fromBase64(labels)) });
    const action = parser === "embedded" && forPhotographs;
    this.notice.tell([`Opened ${file.name}.`, ...notes].join(" "), action);
  }

  /** The server's answer; without one, the reason is shown, and with it the action. */
  async send(file, read, action) {
    if (file.size > this.maxBytes) {
      this.notice.warn(`${file.name} has ${megabytes(file.size)}; at most ` +
        `${megabytes(this.maxBytes)} are accepted. Save it smaller or better compressed.`);
      return null;
    }
    this.notice.tell(`Reading ${file.name}`);
    const answer = await read(file);
    if (!answer) this.notice.warn(`${file.name} could not be sent to the server. Try again.`);
    else if (answer.error) this.notice.warn(`${file.name}: ${answer.error}`, action);
    return answer?.error ? null : answer;
  }

  async save(name, encode) {
    const content = await encode(this.drawing.labels, SIDE, this.palette);
    save(name, new Blob([content], { type: "image/png" }));
  }

  swapSides() {
    this.drawing.swapSides();
    this.notice.tell("Left and right eyes, brows and ears were exchanged. Undo takes it back.");
  }
}

/** Listen to a field for files; returns it. */
export function takeFile(field, take) {
  field.addEventListener("change", () => {
    if (field.files.length) take(field.files[0]);
    field.value = ""; // so that the same file can be opened again
  });
  return field;
}

const THUMBNAIL = 128;

/** Draw a label map small. palette: [r, g, b] by region. */
export function thumbnail(canvas, labels, palette) {
  canvas.width = canvas.height = THUMBNAIL;
  const context = canvas.getContext("2d");
  const image = context.createImageData(THUMBNAIL, THUMBNAIL);
  const step = SIDE / THUMBNAIL;
  for (let i = 0; i < THUMBNAIL * THUMBNAIL; i++) {
    const x = (i % THUMBNAIL) * step;
    const y = Math.floor(i / THUMBNAIL) * step;
    image.data.set([...palette[labels[y * SIDE + x]], 255], i * 4);
  }
  context.putImageData(image, 0, 0);
}

const pngUrl = async (file) =>
  `data:image/png;base64,${toBase64(new Uint8Array(await file.arrayBuffer()))}`;

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
