// Ways back to an image without a request for it: from the history, a file, an earlier visit.

import { Accepted } from "./accepted.js";
import { loadSettings, isPending, setPending } from "../history/store.js";
import { SIDE } from "../layers/layers.js";
import { unpackWords } from "../files/project.js";

const FROM_HISTORY = "From the history";

export class Recalls {
  /**
   * drawing, composer, inputs, requests, shown, live: the page's. isUnchanged(), showAge(): of Runner.
   * again(): asks for an image. askFirst(): of firstFace.
   */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /**
   * Take an image with its label map, as if it had just been made: the drawing becomes the label map,
   * and an edit keeps the rest of the image. See Accepted for the arguments.
   */
  adopt({ image, labels, settings = null, isForeign = settings === null, photo }) {
    this.requests.stop();
    // Of a photo nobody knows the words: those of the face before would change it.
    this.drawing.replace(labels, this.inputs.put(settings ?? { prompt: "" }));
    const accepted = new Accepted({ image, labels, settings, isForeign, photo });
    this.shown.archive.add(accepted);
    this.recall(accepted, "Opened");
  }

  /** Go back to an image of the history: the drawing with all its layers, settings and image. */
  async restore(accepted) {
    this.requests.stop();
    this.wanted = accepted;
    const layers = await accepted.layers;
    const words = layers && await unpackWords(layers.words, SIDE);
    if (this.wanted !== accepted) return; // another one was clicked
    const change = this.inputs.put(accepted.settings ?? {});
    if (words) this.drawing.replaceLayers({ words, order: layers.order }, change);
    else this.drawing.replace(accepted.labels, change);
    this.recall(accepted);
  }

  /**
   * Show the image that was made of the drawing and the settings as they are, if there is one. settings:
   * put into the form before that.
   */
  follow(settings) {
    if (settings) this.inputs.put(settings);
    const made = this.shown.newestOf(this.inputs);
    if (!made) return;
    this.requests.stop();
    if (!made.isForeign) this.inputs.put({ seed: made.settings.seed });
    if (made !== this.shown.accepted) this.recall(made);
  }

  /** Show an image as the current one, without a request. */
  recall(accepted, origin = FROM_HISTORY) {
    this.shown.recall(accepted, origin);
    this.live.settle();
    this.showAge();
  }

  /**
   * Show the images of earlier visits, and the last one as it was; the drawing is there already. What
   * was asked for and did not arrive before the page was reloaded is asked for again.
   */
  async resume() {
    await this.shown.archive.load();
    const last = this.shown.archive.find(loadSettings().shown);
    if (this.requests.isBusy || this.shown.accepted) return;
    if (last) this.shown.recall(last, FROM_HISTORY);
    this.showAge();
    if (isPending() && !this.isUnchanged()) this.again();
    else if (this.shown.isOf(this.inputs)) this.live.settle();
    setPending(this.requests.isBusy);
    if (!last && !this.requests.isBusy) this.begin();
  }

  /** A first visit: there is an image from the beginning. */
  async begin() {
    const first = await this.askFirst().catch(() => null);
    if (!first || this.requests.isBusy || this.shown.accepted) return;
    this.shown.archive.add(first.accepted);
    this.shown.recall(first.accepted, "Ready made");
    this.showAge();
    if (this.shown.isOf(this.inputs)) this.live.settle();
    if (!first.isQuick || loadSettings().form) return;
    this.composer.put({ live: true });
    this.live.turn(true);
  }

  /** Go on with the settings of a project, and with its image; the drawing is there already. */
  takeUp({ live: _live, ...settings }, shown) {
    this.requests.stop();
    this.inputs.put(settings);
    const accepted = this.shown.archive.find(shown);
    if (accepted) this.recall(accepted);
    this.live.settle();
    this.showAge();
  }
}
