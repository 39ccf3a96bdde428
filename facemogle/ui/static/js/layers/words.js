// The words that the prompt has for the selected layer, as a field of their own: "red, curly" of hair.

import { withWords, wordsOf } from "../run/layer_words.js";

export class LayerWords {
  /** palette: Palette. composer: Composer. nouns: by region, that the model knows. */
  constructor(panel, { palette, composer, nouns }) {
    Object.assign(this, { palette, composer, nouns });
    this.field = panel.querySelector("[name=layer-words]");
    this.field.addEventListener("input", () => {
      composer.prompt = withWords(composer.prompt, this.known, this.field.value);
    });
    this.field.addEventListener("change", () => this.show());
    palette.addEventListener("change", () => this.show());
    composer.addEventListener("prompt", () => this.show());
    this.show();
  }

  get known() {
    return this.palette.isGlobal ? [] : this.nouns[this.palette.expert - 1];
  }

  show() {
    const { field, known, composer: { prompt } } = this;
    field.disabled = !known.length;
    field.placeholder = known.length ? `… ${known[0]}` : "paint it";
    if (document.activeElement !== field) field.value = wordsOf(prompt, known) ?? "";
  }
}
