// The right side and the gating view: sends orders, shows what comes back.

import { toBase64 } from "./codec.js";
import { Compare } from "./compare.js";
import { Composer } from "./composer.js";
import { Gate } from "./gate.js";
import { HistoryStrip } from "./history_strip.js";
import { SIDE } from "./layers.js";
import { DRAFT_STEPS, Live } from "./live.js";
import { Notice } from "./notice.js";
import { Picture } from "./picture.js";
import { checksum, indexedPNG } from "./png.js";
import { Run } from "./run.js";
import { loadSettings, saveSettings } from "./store.js";

const FIRST = {
  prompt: "a young woman with fair skin, long straight brown hair, smiling",
  seed: 42,
  strength: 1,
  whole_face: false,
  live: false,
  locked: true,
};
const TYPED = ["prompt", "seed", "steps", "strength"];

export class Sampling {
  /** orders: Orders. experts: their titles. steps: what the model does well with. */
  constructor(root, { drawing, orders, regions, experts, steps }) {
    Object.assign(this, { drawing, orders, experts });
    const panel = root.querySelector(".result");
    this.colors = regions.map(({ color }) => color);
    this.notice = new Notice(panel.querySelector(".notice"));
    this.picture = new Picture(panel);
    this.gate = new Gate(root.querySelector(".gate"), { titles: experts, colors: this.colors });
    const settings = { ...FIRST, steps, ...loadSettings().order };
    this.composer = new Composer(panel.querySelector(".composer"), {
      settings,
      onChange: (order, name) => this.changed(order, name),
      onSubmit: () => this.submit(),
      onStop: () => orders.stop(),
    });
    for (const kind of ["sent", "place", "start", "step", "done", "stopped", "error"]) {
      orders.addEventListener(kind, (event) => {
        this[kind](event.detail);
        this.composer.isBusy = orders.isBusy;
      });
    }
    this.base = null; // number of the order whose picture the next edit changes
    this.compare = new Compare(panel);
    this.strip = new HistoryStrip(panel.querySelector(".strip"), {
      palette: this.colors, side: SIDE, restore: (entry) => this.restore(entry),
    });
    this.live = new Live({
      key: () => this.key(),
      steps: () => Number(this.composer.values.steps),
      run: ({ isDraft }) => this.order({ isDraft, isOwn: true }),
      stop: () => orders.stop(),
      mayRun: () => !document.hidden && !drawing.isStroking,
    });
    drawing.addEventListener("commit", () => this.live.changed());
    document.addEventListener("visibilitychange", () => this.live.sight());
    this.live.turn(settings.live);
  }

  /** A field was changed. */
  changed(order, name) {
    saveSettings({ order });
    if (name === "live") this.live.turn(order.live);
    else if (TYPED.includes(name)) this.live.typed();
    else this.live.changed();
  }

  /** What a person asks for with Generate. */
  submit() {
    if (!this.composer.isLocked) this.composer.roll();
    this.order({ isDraft: false, isOwn: false });
  }

  /** isOwn: whether live mode and not a person asks. */
  order({ isDraft, isOwn }) {
    const { prompt, seed, steps, strength, whole_face } = this.composer.values;
    const asked = { prompt, seed, strength, whole_face, is_draft: isDraft, base: this.base };
    this.settings = { prompt, seed, steps, strength };
    asked.steps = isDraft ? String(DRAFT_STEPS) : steps;
    Object.assign(this, { asked, isOwn });
    this.labels = this.drawing.labels.slice();
    const png = indexedPNG(this.labels, SIDE, this.colors);
    this.orders.place(png.then((mask) => ({ ...asked, mask: toBase64(mask) })));
  }

  /** The same for the same inputs. */
  key() {
    const { live: _live, locked: _locked, ...inputs } = this.composer.values;
    return JSON.stringify([inputs, checksum(this.drawing.labels)]);
  }

  sent() {
    this.run = null;
    this.notice.clear();
    this.picture.wait();
    this.live.sent({ isDraft: this.asked.is_draft, isOwn: this.isOwn });
  }

  place({ ahead }) {
    this.picture.place(ahead);
  }

  start({ steps, grid, notes, kept }) {
    this.kept = kept;
    this.run = new Run({ steps, grid, experts: this.experts.length, labels: this.labels });
    this.picture.start(this.run);
    this.gate.start(this.run);
    if (notes.length) this.notice.tell(notes.join(" "));
  }

  step(packet) {
    this.run.add(packet);
    this.picture.step(this.run);
    this.gate.grow();
  }

  done() {
    const { seed, is_draft: isDraft } = this.asked;
    this.picture.finish(this.run, { seed, isDraft, kept: this.kept });
    if (!isDraft) this.accept(this.run.reports.at(-1).picture);
    this.live.done();
  }

  /** A full picture is there: the next edit starts from it. */
  accept(picture) {
    if (this.shown) this.compare.set(this.shown);
    this.shown = picture;
    this.base = this.orders.number;
    const { labels, base, settings } = this;
    this.strip.add({ labels, picture, settings, base });
  }

  /** Go back to a picture of the history. */
  restore({ labels, picture, settings, base }) {
    this.orders.stop();
    this.drawing.replace(labels);
    this.putSettings(settings);
    this.compare.set(this.shown);
    Object.assign(this, { shown: picture, base });
    this.picture.restore(picture, settings);
    this.live.settle();
  }

  /** settings: values of fields of the form. */
  putSettings(settings) {
    this.composer.put(settings);
    saveSettings({ order: this.composer.values });
  }

  stopped() {
    this.picture.stop(this.run);
    this.live.ended();
  }

  error({ text }) {
    this.picture.fail();
    this.notice.warn(text);
    this.live.ended();
  }
}
