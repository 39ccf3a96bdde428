// Where to start: template faces, a random one, and small edits to try.

import { fromBase64, inflate } from "./codec.js";
import { EXAMPLES } from "./examples.js";
import { thumbnail } from "./files.js";
import { SIDE } from "../layers/layers.js";
import { randomPrompt, varied } from "./random_face.js";

export class Start {
  /**
   * templates: { title, prompt, seed, labels } of facemogle.ui.start. words: phrases by kind.
   * suggest({ prompt, seed, isAsked }): as of Runner. make(): requests an image.
   * examples: the element for the edits to try.
   */
  constructor(element, { drawing, brush, notice, palette, templates, words, suggest, make, examples }) {
    Object.assign(this, { drawing, brush, notice, palette, words, suggest, make });
    this.templates = templates.map((template) => (
      { ...template, map: inflate(fromBase64(template.labels)) }));
    const list = element.querySelector(".templates");
    for (const template of this.templates) {
      const title = `Start from: ${template.title}`;
      const button = image(list, title, "Shift+click takes only the selected region from it");
      button.addEventListener("click", ({ shiftKey }) => this.begin(template, shiftKey));
      template.map.then((map) => thumbnail(button.firstChild, map, palette));
    }
    const on = (command, act) =>
      element.querySelector(`[data-command=${command}]`).addEventListener("click", act);
    on("blank", () => drawing.replace(new Uint8Array(SIDE * SIDE)));
    on("random-face", () => this.random());
    this.offerExamples(examples);
  }

  async begin({ map, prompt, seed }, onlyRegion) {
    if (onlyRegion) {
      this.drawing.takeRegion(await map, this.brush.region);
    } else {
      this.drawing.replace(await map);
      this.suggest({ prompt, seed });
    }
  }

  async random() {
    const template = this.templates[Math.floor(Math.random() * this.templates.length)];
    this.drawing.replace(varied(await template.map, this.drawing.partners));
    const replaced = this.suggest({ prompt: randomPrompt(this.words), isAsked: true });
    if (replaced) {
      this.notice.tell("A random face, with a random prompt.", {
        title: "Bring my prompt back", act: () => this.suggest({ prompt: replaced, isAsked: true }),
      });
    }
    this.make();
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

function image(list, title, help) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = `${title}. ${help}`;
  button.setAttribute("aria-label", title);
  button.append(document.createElement("canvas"));
  list.append(button);
  return button;
}
