// The image that is shown, which the next edit starts from, and the history that it is one of.

import { Archive } from "../history/archive.js";
import { Compare } from "./compare.js";
import { HistoryStrip } from "../history/strip.js";
import { meanWeights } from "../gate/statistics.js";
import { SIDE } from "../layers/layers.js";
import { Shelf } from "../history/shelf.js";
import { saveSettings } from "../history/store.js";

const OF_A_FACE = ["prompt", "seed", "steps", "muted", "expert_strengths"];

export class Shown {
  /**
   * result: Result. gate: Gate. underlay(url): lays an image under the drawing. weigh(weights, heard):
   * tells the layers the gate's mean weights, or null, and how the experts were heard then.
   * isBusy(): whether a run is under way. onShow(accepted): another image is shown. restore(accepted): a person goes
   * back to an image.
   */
  constructor(panel, { palette, database, restore, ...others }) {
    Object.assign(this, others);
    this.accepted = null;
    this.compare = new Compare(panel);
    this.strip = new HistoryStrip(panel.querySelector(".strip"), { palette, side: SIDE, restore });
    this.archive = new Archive(this.strip, new Shelf(database));
  }

  /** Show a new image and keep it. */
  add(accepted) {
    this.archive.add(accepted);
    this.show(accepted);
  }

  show(accepted) {
    this.onShow(accepted);
    this.underlay(accepted.image);
    this.accepted = accepted;
    this.compare.set(accepted.image);
    this.strip.mark(accepted.id);
    saveSettings({ shown: accepted.id });
  }

  /** Show an image that no run has just led to. origin: where it comes from, for a person. */
  recall(accepted, origin) {
    this.show(accepted);
    this.result.restore(accepted, origin);
    return this.lookAtGate();
  }

  /** After a run that came to nothing: the last finished image again. Returns whether there is one. */
  back() {
    const { accepted } = this;
    if (!accepted) return false;
    this.underlay(accepted.image);
    this.result.restore(accepted, "Previous image");
    this.lookAtGate();
    return true;
  }

  /** The gate's weights of the image that is shown, and of no other one. */
  async lookAtGate() {
    const { accepted } = this;
    const run = await accepted.opened();
    if (accepted !== this.accepted || this.isBusy()) return;
    this.gate.look(run);
    this.weigh(run && meanWeights(run), accepted.settings);
  }

  /** Whether it is what the inputs make. */
  isOf(inputs) {
    return this.accepted !== null && changed(this.accepted, inputs, OF_A_FACE) === null;
  }

  /** What of the inputs has changed since it was made: "drawing", "words", "settings", or null. */
  changed(inputs) {
    return this.accepted && changed(this.accepted, inputs, OF_A_FACE);
  }

  /** The newest image that the inputs make, or null. Unless the seed is locked, any will do. */
  newestOf(inputs) {
    const names = inputs.settings.locked ? OF_A_FACE : OF_A_FACE.filter((name) => name !== "seed");
    return this.archive.entries.findLast((entry) => changed(entry, inputs, names) === null) ?? null;
  }

  /** Whether regenerating everything gives another image than the one that is shown. */
  get isPatched() {
    return this.accepted.isEdit || this.accepted.isForeign;
  }
}

/** What of the inputs is not as it was, the weightiest. A mask is all that changes an image not made here. */
function changed(accepted, inputs, names) {
  if (accepted.sum !== inputs.sum) return "drawing";
  if (accepted.isForeign) return null;
  const name = names.find((each) => !same(accepted.settings[each], inputs.settings[each]));
  return name ? (name === "prompt" ? "words" : "settings") : null;
}

const same = (one, other) => text(one) === text(other);

const text = (value) => (typeof value === "string" ? value.trim() : JSON.stringify(value));
