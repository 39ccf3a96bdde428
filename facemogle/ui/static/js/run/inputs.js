// What an image is made from: the drawing, the form, and how the experts are to be heard.

import { anySeed } from "./composer.js";
import { draftSteps } from "./live.js";
import { fingerprint } from "../fingerprint.js";
import { loadSettings, saveSettings } from "../history/store.js";

export class Inputs {
  /** templates: whose prompts are none of a person's own. */
  constructor({ drawing, composer, expertSettings, templates }) {
    Object.assign(this, { drawing, composer, expertSettings });
    this.suggested = new Set(["", loadSettings().suggested, ...templates.map(({ prompt }) => prompt)]);
    this.last = this.said;
    drawing.addEventListener("paint", () => (this.counted = null));
  }

  /** Of the form and of the experts. */
  get settings() {
    return { ...this.composer.values, ...this.expertSettings.values };
  }

  /** Fingerprint of the label map. */
  get sum() {
    this.counted ??= fingerprint(this.drawing.labels); // asked for several times after a stroke
    return this.counted;
  }

  /** The same for the same inputs. */
  get key() {
    const { live: _live, locked: _locked, ...settings } = this.settings;
    return JSON.stringify([settings, this.sum]);
  }

  /** settings: values of fields of the form and of the experts. Returns { before, after }, of said. */
  put(settings) {
    const before = this.said;
    this.composer.put(settings);
    this.expertSettings.put(settings);
    saveSettings({ form: this.composer.values });
    this.last = this.said;
    return { before, after: this.last };
  }

  /** A person has changed something by hand: undo takes it back. */
  settle() {
    const [before, after] = [this.last, this.said];
    this.last = after;
    if (JSON.stringify(before) !== JSON.stringify(after)) this.drawing.note({ before, after });
  }

  /**
   * What a new face begins with: its words, and every expert heard as it is. rolls: whether with another
   * seed, too, unless that is locked. Returns what put() does.
   */
  begin(prompt, { rolls = false } = {}) {
    const seed = rolls && !this.composer.isLocked ? anySeed() : undefined;
    const change = this.put({ prompt, seed, ...this.expertSettings.untouched });
    this.suggested.add(prompt);
    saveSettings({ suggested: prompt });
    return change;
  }

  /** Whether a prompt is a person's own. */
  isOwn(prompt) {
    return !this.suggested.has(prompt);
  }

  /** What an image is kept with. */
  get said() {
    const { prompt, seed, steps, strength } = this.composer.values;
    return { prompt, seed, steps, strength, ...this.expertSettings.values };
  }

  /** As they are now: the fields of a request, and what is kept with its image. */
  taken({ isDraft }) {
    const { prompt, seed, steps, strength, whole_face } = this.composer.values;
    const heard = this.expertSettings.values;
    const { words, order } = this.drawing.layers;
    return {
      asked: {
        prompt, seed, strength, whole_face, is_draft: isDraft, ...heard,
        steps: isDraft ? String(draftSteps(Number(steps))) : steps,
      },
      settings: this.said,
      labels: this.drawing.labels.slice(),
      layers: { words: words.slice(), order },
    };
  }
}
