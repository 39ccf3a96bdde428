// Where to start: template faces, a random one, and small edits to try.

import { fromBase64, inflate } from "./codec.js";
import { EXAMPLES } from "./examples.js";
import { thumbnail } from "./files.js";
import { SIDE } from "../layers/layers.js";
import { randomPrompt, varied } from "./random_face.js";

export class Start {
  /**
   * templates: { title, prompt, seed, labels } of facemogle.ui.start. words: phrases by kind.
   * settings: begin(), isOwn() and put() of Inputs. make(): requests an image. follow(): of Recalls.
   * examples: the element for the edits to try.
   */
  constructor(element, { drawing, brush, notice, palette, templates, words, settings, make, follow, examples }) {
    Object.assign(this, { drawing, brush, notice, palette, words, settings, make, follow });
    this.templates = templates.map((template) => (
      { ...template, map: inflate(fromBase64(template.labels)) }));
    const list = element.querySelector(".templates");
    for (const template of this.templates) {
      const button = image(list, template.title);
      button.addEventListener("click", ({ shiftKey }) => this.begin(template, shiftKey));
      template.map.then((map) => thumbnail(button.firstChild, map, palette));
    }
    const on = (command, act) =>
      element.querySelector(`[data-command=${command}]`).addEventListener("click", act);
    on("blank", () => drawing.replace(new Uint8Array(SIDE * SIDE)));
    on("random-face", () => this.random());
    this.offerExamples(examples);
  }

  async begin({ map, prompt }, onlyRegion) {
    const labels = await map;
    if (onlyRegion) return this.drawing.takeRegion(labels, this.brush.region);
    this.beginFace(labels, prompt);
    this.follow();
    this.tellReplaced();
  }

  async random() {
    const template = this.templates[Math.floor(Math.random() * this.templates.length)];
    const labels = varied(await template.map, this.drawing.partners);
    this.beginFace(labels, randomPrompt(this.words), { rolls: true });
    this.make();
    this.tellReplaced();
  }

  /** A new face: its mask and its words, and every expert heard as it is. Undo takes all of it back. */
  beginFace(labels, prompt, options) {
    const change = this.settings.begin(prompt, options);
    this.former = change.before.prompt;
    this.drawing.replace(labels, change);
  }

  /** Say so where the words of a person's own have gone. */
  tellReplaced() {
    const { former, settings } = this;
    if (!settings.isOwn(former)) return;
    this.notice.tell("A new face, with words of its own. Undo brings back all that was.", {
      title: "Bring my prompt back", act: () => this.drawing.note(settings.put({ prompt: former })),
    });
  }

  offerExamples(list) {
    for (const example of EXAMPLES) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = example.title;
      button.title = "Changes the drawing and generates: the rest stays as it is";
      button.addEventListener("click", () => this.try(example));
      list.append(button);
    }
  }

  try({ title, change, regions }) {
    if (this.drawing.alter(change, regions)) this.make();
    else this.notice.warn(`${title}: this drawing lacks what that changes, or it is locked.`);
  }
}

function image(list, title) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = "Shift+click takes only the selected region from it";
  button.setAttribute("aria-label", `Start from: ${title}`);
  const name = document.createElement("span");
  name.textContent = title;
  button.append(document.createElement("canvas"), name);
  list.append(button);
  return button;
}
