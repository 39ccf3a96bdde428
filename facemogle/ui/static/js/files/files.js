// Masks in and out: files and photos to open, files to save.

import { fromBase64, inflate, toBase64 } from "./codec.js";
import { SIDE } from "../layers/layers.js";
import { colorPNG, indexedPNG } from "./png.js";
import { packLayers } from "./project.js";
import { EXTENSION } from "./projects.js";
import { save } from "./save.js";

export class Files {
  /**
   * read(files, region's name): asks the server; answers what read_mask_file of studio.py does, or nothing if
   * it failed. ask(question): of Question. adopt(): takes an image that was made here, as Runner does.
   * photo: a Photo, which reads photographs.
   * openProject(file), saveProject(): as of Projects. openPair(): as of Pair.
   */
  constructor(element, { saveProject, openPair, ...others }) {
    // drawing, notice, regions, palette, maxBytes, read, ask, exportMask, adopt, openProject
    Object.assign(this, others);
    const input = (name, take) => takeFile(element.querySelector(`input[name=${name}]`), take);
    const any = input("any", (...files) => this.openAll(files));
    const photo = input("photo", (file) => this.openPhoto(file));
    const on = (command, act) =>
      element.querySelector(`[data-command=${command}]`).addEventListener("click", act);
    on("open", () => any.click());
    on("open-photo", () => photo.click());
    on("whole-photo", () => this.photo.show());
    on("pair", openPair);
    on("save-project", saveProject);
    on("save-index", () => this.save("mask_index.png", indexedPNG));
    on("save-other", () => this.saveForOthers());
    on("save-palette", () => this.save("mask_palette.png", colorPNG));
  }

  /** Open one file, or several masks of parts as one mask. */
  async openAll(files) {
    if (files.length === 1) return this.open(files[0]);
    if (!files.length) return;
    const all = { name: `${files.length} files`, size: files.reduce((sum, { size }) => sum + size, 0) };
    const answer = await this.send(all, () => this.read({ ...files }));
    if (!answer) return;
    this.drawing.replace(await unpacked(answer.labels));
    this.tellOpened(all, answer.notes);
  }

  /** Put a mask on the canvas; a file that is none leaves the drawing as it is. */
  async open(file) {
    if (file.name.endsWith(EXTENSION)) return this.openProject(file);
    const asPhoto = { title: "Read it as a photo", act: () => this.openPhoto(file) };
    const found = await this.load(file, isImage(file) && asPhoto);
    if (!found) return;
    const { labels, notes, part, settings, isForeign } = found;
    if (settings) this.adopt({ image: await pngUrl(file), labels, settings, isForeign });
    else if (part !== null) return this.openPart(file, part, labels);
    else this.drawing.replace(labels);
    this.tellOpened(file, notes);
  }

  /** Put a mask of one part on its layer; the others stay. */
  openPart(file, part, labels) {
    const { title } = this.regions[part];
    if (this.drawing.isAnyLocked([part])) {
      return this.notice.warn(`${file.name}: ${title} is locked. Unlock the layer, then open it again.`);
    }
    this.drawing.takeRegion(labels, part);
    this.notice.tell(`Opened ${file.name} on the layer ${title}. Undo takes it back.`);
  }

  tellOpened({ name }, notes) {
    const swap = { title: "Swap left and right", act: () => this.swapSides() };
    this.notice.tell([`Opened ${name}.`, ...notes].join(" "), swap);
  }

  /**
   * What the server reads in a mask's file, with its label map; null if it is no mask, with a notice, or
   * if a question that it raised was not answered.
   */
  async load(file, action) {
    let answer = await this.send(file, () => this.read({ file }), action);
    if (answer?.asksRegion) {
      const region = await this.askRegion(file);
      if (region === null) return null;
      answer = await this.send(file, () => this.read({ file }, this.regions[region].name), action);
    }
    return answer && this.asChosen(file, answer);
  }

  /** Which region a mask of one part shows; null if the person does not say. */
  askRegion(file) {
    this.notice.clear();
    const options = this.regions.map(({ title, color }) => ({ title, color }));
    const text = "It is black and white: a mask of one part. Which region is white?";
    return this.ask({ title: file.name, text, options });
  }

  /** The answer with the label map that the person chooses, if it was in another program's order. */
  async asChosen(file, { order, unordered, ...answer }) {
    const labels = await unpacked(answer.labels);
    if (!order) return { ...answer, labels };
    this.notice.clear();
    const asIs = await unpacked(unordered);
    const options = [
      { title: `Convert from ${order}`, labels },
      { title: "Take the labels as they are", labels: asIs },
    ];
    const text = `Where the regions are tells that its labels are in the order of ${order}.`;
    const chosen = await this.ask({ title: file.name, text, options });
    if (chosen === null) return null;
    return chosen === 0 ? { ...answer, labels } : { ...answer, labels: asIs, notes: [] };
  }

  /** Let the server write the drawing as another program has masks. */
  async saveForOthers() {
    const title = "Save the mask for another program";
    const chosen = await this.ask({ title, text: "", options: OTHER_FORMS });
    if (chosen === null) return;
    const { words, order } = await packLayers(this.drawing.layers);
    const sent = { kind: OTHER_FORMS[chosen].kind, words: toBase64(words), order };
    const answer = await this.exportMask(sent).catch(() => null);
    if (answer?.content) save(answer.name, new Blob([fromBase64(answer.content)]));
    else this.notice.warn(answer?.error ?? "The server did not answer. Check that it runs, then save again.");
  }

  /** Put a photo's largest face on the canvas; its crop is what the next edit starts from. */
  async openPhoto(file, parser = "embedded") {
    const forPhotographs = {
      title: "Use the parser for photographs", act: () => this.openPhoto(file, "hub"),
    };
    await this.photo.open(file, parser, parser === "embedded" && forPhotographs);
  }

  /** The server's answer; without one, the reason is shown, and with it what else can be done with an image. */
  async send(file, read, action) {
    if (file.size > this.maxBytes) {
      this.notice.warn(`${file.name} has ${megabytes(file.size)}; at most ` +
        `${megabytes(this.maxBytes)} are accepted. Save it smaller or better compressed.`);
      return null;
    }
    this.notice.tell(`Reading ${file.name}`);
    const answer = await read(file);
    if (!answer) this.notice.warn(`${file.name} could not be sent to the server. Try again.`);
    else if (answer.error && !answer.asksRegion) {
      this.notice.warn(`${file.name}: ${answer.error}`, answer.isImage && action);
    }
    return answer?.error && !answer.asksRegion ? null : answer;
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

/** Listen to a field for files; take(file, ...more): more if it allows several. Returns the field. */
export function takeFile(field, take) {
  field.addEventListener("change", () => {
    if (field.files.length) take(...field.files);
    field.value = ""; // so that the same file can be opened again
  });
  return field;
}

const OTHER_FORMS = [
  { kind: "svg", title: "SVG, a layer per region" },
  { kind: "parts", title: "Part files of CelebAMask-HQ (ZIP)" },
  { kind: "bisenet", title: "Labels of face-parsing.PyTorch (BiSeNet)" },
  { kind: "lapa", title: "Labels of LaPa and Helen: no neck, ears, clothes" },
];

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

/** By its name where the system has no type for it: a phone's HEIC, of which the server says what to do. */
const isImage = ({ type, name }) => type.startsWith("image/") || /\.(hei[cf]|avif|webp|tiff?)$/i.test(name);

const unpacked = (labels) => inflate(fromBase64(labels));

const pngUrl = async (file) =>
  `data:image/png;base64,${toBase64(new Uint8Array(await file.arrayBuffer()))}`;

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
