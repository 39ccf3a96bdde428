// The right side and the gating view: sends orders, shows what comes back.

import { Accepted } from "./accepted.js";
import { Archive } from "./archive.js";
import { toBase64 } from "./codec.js";
import { Compare } from "./compare.js";
import { Composer } from "./composer.js";
import { Gate } from "./gate.js";
import { HistoryStrip } from "./history_strip.js";
import { SIDE } from "./layers.js";
import { DRAFT_STEPS, Live } from "./live.js";
import { Notice } from "./notice.js";
import { Result } from "./result.js";
import { checksum, indexedPNG } from "./png.js";
import { packLayers, unpackWords } from "./project.js";
import { Run } from "./run.js";
import { Shelf } from "./shelf.js";
import { loadSettings, saveSettings } from "./store.js";

const FIRST = {
  strength: 1,
  whole_face: false,
  live: false,
  locked: true,
};
const TYPED = ["prompt", "seed", "steps", "strength"];

export class Sampling {
  /**
   * experts: their titles. states: ExpertStates. steps: what the model does well with.
   * underlay(url): lays an image under the drawing. templates, words: of facemogle.ui.start.
   */
  constructor(root, { drawing, orders, regions, experts, states, steps, underlay, templates, words }) {
    Object.assign(this, { drawing, orders, experts, states, underlay });
    const panel = root.querySelector(".result");
    this.colors = regions.map(({ color }) => color);
    this.notice = new Notice(panel.querySelector(".notice"));
    this.result = new Result(panel);
    this.gate = new Gate(root.querySelector(".gate"), { titles: experts, colors: this.colors });
    const [{ prompt, seed }] = templates;
    const settings = { ...FIRST, prompt, seed, steps, ...loadSettings().order };
    this.suggested = new Set(["", ...templates.map((template) => template.prompt)]);
    this.suggested.add(loadSettings().suggested);
    this.composer = new Composer(panel.querySelector(".composer"), {
      settings,
      words,
      onChange: (order, name) => this.changed(order, name),
      onSubmit: () => this.submit(),
      onStop: () => orders.stop(),
    });
    for (const kind of ["sent", "place", "start", "step", "done", "stopped", "error", "forgotten"]) {
      orders.addEventListener(kind, (event) => {
        this[kind](event.detail);
        this.composer.isBusy = orders.isBusy;
      });
    }
    this.shown = null; // the accepted image, which the next edit starts from
    this.compare = new Compare(panel);
    this.strip = new HistoryStrip(panel.querySelector(".strip"), {
      palette: this.colors, side: SIDE, restore: (entry) => this.restore(entry),
    });
    this.archive = new Archive(this.strip, new Shelf());
    this.live = new Live({
      key: () => this.key(),
      steps: () => Number(this.composer.values.steps),
      run: ({ isDraft }) => this.order({ isDraft, isOwn: true }),
      stop: () => orders.stop(),
      mayRun: () => !document.hidden && !drawing.isStroking,
    });
    drawing.addEventListener("commit", () => {
      this.sum = null;
      this.live.changed();
    });
    states.addEventListener("change", () => this.live.changed());
    document.addEventListener("visibilitychange", () => this.live.sight());
    this.resume().finally(() => this.live.turn(this.composer.values.live));
  }

  /** A field was changed. */
  changed(order, name) {
    saveSettings({ order });
    if (name === "live") this.live.turn(order.live);
    else if (TYPED.includes(name)) this.live.typed();
    else this.live.changed();
  }

  /**
   * Fill in a prompt and a seed that go together, if the prompt there is none of a person's own, or if
   * asked to. Without a seed, any. Returns the person's prompt if it was replaced.
   */
  suggest({ prompt, seed, isAsked = false }) {
    const own = this.composer.values.prompt;
    const isOwn = !this.suggested.has(own);
    if (isOwn && !isAsked) return null;
    this.putSettings({ prompt });
    if (seed === undefined) this.composer.roll();
    else this.putSettings({ seed });
    this.suggested.add(prompt);
    saveSettings({ suggested: prompt });
    return isOwn ? own : null;
  }

  /** What a person asks for with Generate. */
  submit() {
    if (!this.composer.isLocked) this.composer.roll();
    this.order({ isDraft: false, isOwn: false });
    this.result.seek();
  }

  /** isOwn: whether live mode and not a person asks. */
  order({ isDraft, isOwn }) {
    const { prompt, seed, steps, strength, whole_face } = this.composer.values;
    const heard = this.states.values;
    const asked = { prompt, seed, strength, whole_face, is_draft: isDraft, ...heard };
    this.settings = { prompt, seed, steps, strength, ...heard };
    asked.steps = isDraft ? String(DRAFT_STEPS) : steps;
    this.labels = this.drawing.labels.slice();
    const { words, order } = this.drawing.layers;
    this.layers = { words: words.slice(), order };
    Object.assign(this, { asked, isOwn, base: this.shown });
    this.send();
  }

  /** Send the order, again if the server has forgotten the image that it starts from. */
  send() {
    const { asked, base, labels } = this;
    const encode = (map) => indexedPNG(map, SIDE, this.colors);
    const order = async () => ({
      ...asked, base: base && await base.asBase(encode), mask: toBase64(await encode(labels)),
    });
    this.orders.place(order());
  }

  /** The same for the same inputs. */
  key() {
    const { live: _live, locked: _locked, ...inputs } = this.composer.values;
    this.sum ??= checksum(this.drawing.labels); // asked for several times after a stroke
    return JSON.stringify([inputs, this.states.values, this.sum]);
  }

  sent() {
    this.run = null;
    this.notice.clear();
    this.result.wait();
    this.live.sent({ isDraft: this.asked.is_draft, isOwn: this.isOwn });
  }

  place({ ahead }) {
    this.result.place(ahead);
  }

  forgotten() {
    this.base.isKnown = false;
    this.send();
  }

  start({ steps, grid, notes, kept }) {
    this.kept = kept;
    if (this.base) this.base.isKnown = true;
    this.run = new Run({ steps, grid, experts: this.experts.length, labels: this.labels });
    this.result.start(this.run);
    this.gate.start(this.run);
    if (notes.length) this.notice.tell(notes.join(" "));
  }

  step(packet) {
    const { run } = this;
    run.add(packet);
    this.underlay(packet.image);
    // The image comes first: drawing the gate's maps would hold it up.
    this.result.step(run).then(() => run === this.run && this.gate.grow());
  }

  done() {
    const { seed, is_draft: isDraft } = this.asked;
    this.result.finish(this.run, { seed, isDraft, kept: this.kept });
    if (!isDraft) this.accept(this.run.reports.at(-1).image);
    this.live.done();
  }

  /** A full image is there: the next edit starts from it. */
  accept(image) {
    const { labels, settings, orders: { number } } = this;
    const isForeign = this.kept > 0 && this.base.isForeign;
    const layers = packLayers(this.layers);
    this.add(new Accepted({ image, labels, layers, settings, isForeign, number }));
  }

  add(accepted) {
    this.archive.add(accepted);
    this.show(accepted);
  }

  /**
   * Take an image with its label map, as if it had just been made: the drawing becomes the label map,
   * and an edit keeps the rest of the image. See Accepted for the arguments.
   */
  adopt({ image, labels, settings = null, isForeign = settings === null }) {
    this.orders.stop();
    this.drawing.replace(labels);
    if (settings) this.putSettings(settings);
    const accepted = new Accepted({ image, labels, settings, isForeign });
    this.add(accepted);
    this.result.restore(accepted, "Opened");
    this.live.settle();
  }

  /** Go back to an image of the history: the drawing with all its layers, settings and image. */
  async restore(accepted) {
    this.orders.stop();
    this.wanted = accepted;
    const layers = await accepted.layers;
    const words = layers && await unpackWords(layers.words, SIDE);
    if (this.wanted !== accepted) return; // another one was clicked
    if (words) this.drawing.replaceLayers({ words, order: layers.order });
    else this.drawing.replace(accepted.labels);
    if (accepted.settings) this.putSettings(accepted.settings);
    this.recall(accepted);
    this.live.settle();
  }

  /** Show the images of earlier visits, and the last one as it was; the drawing is there already. */
  async resume() {
    await this.archive.load();
    const last = this.archive.find(loadSettings().shown);
    if (!last || this.orders.isBusy || this.shown) return;
    this.recall(last);
    const isOf = last.settings && checksum(last.labels) === checksum(this.drawing.labels);
    if (isOf && last.settings.prompt === this.composer.values.prompt) this.live.settle();
  }

  /** Show an image as the current one, without an order. */
  recall(accepted) {
    this.show(accepted);
    this.result.restore(accepted, "From the history");
  }

  show(accepted) {
    this.underlay(accepted.image);
    this.shown = accepted;
    this.compare.set(accepted.image);
    this.strip.mark(accepted.id);
    saveSettings({ shown: accepted.id });
  }

  /** Of the form and of the experts' states. */
  get everySetting() {
    return { ...this.composer.values, ...this.states.values };
  }

  /** Go on with the settings of a project, and with its image; the drawing is there already. */
  takeUp({ live: _live, ...settings }, shown) {
    this.orders.stop();
    this.putSettings(settings);
    const accepted = this.archive.find(shown);
    if (accepted) this.recall(accepted);
    this.live.settle();
  }

  /** settings: values of fields of the form and of the experts' states. */
  putSettings(settings) {
    this.composer.put(settings);
    this.states.put(settings);
    saveSettings({ order: this.composer.values });
  }

  stopped() {
    this.result.stop(this.run);
    this.live.ended();
  }

  error({ text }) {
    this.result.fail();
    this.notice.warn(text);
    this.live.ended();
  }
}
