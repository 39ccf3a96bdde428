// The right side and the gating view: sends requests, shows what comes back.

import { Accepted } from "./accepted.js";
import { toBase64 } from "../files/codec.js";
import { anySeed, Composer } from "./composer.js";
import { Gate } from "../gate/gate.js";
import { meanWeights } from "../gate/statistics.js";
import { SIDE } from "../layers/layers.js";
import { DRAFT_STEPS, Live } from "./live.js";
import { Notice } from "../notice.js";
import { Result } from "./result.js";
import { checksum, indexedPNG } from "../files/png.js";
import { packLayers, unpackWords } from "../files/project.js";
import { Run } from "./run.js";
import { Shown } from "./shown.js";
import { isPending, loadSettings, saveSettings, setPending } from "../history/store.js";

const FIRST = {
  strength: 1,
  whole_face: false,
  live: false,
  locked: true,
};
const FROM_HISTORY = "From the history";
const TYPED = ["prompt", "seed", "steps", "strength"];

export class Runner {
  /**
   * experts: their titles. states: ExpertSettings. steps: what the model does well with.
   * underlay(url): lays an image under the drawing. weigh(): as of Shown. templates, words: of
   * facemogle.ui.start.
   */
  constructor(root, { drawing, requests, regions, experts, expertSettings, steps, underlay, weigh, database, templates, words }) {
    Object.assign(this, { drawing, requests, experts, expertSettings, underlay, weigh });
    const panel = root.querySelector(".result");
    this.colors = regions.map(({ color }) => color);
    this.notice = new Notice(panel.querySelector(".notice"));
    this.result = new Result(panel);
    this.gate = new Gate(root.querySelector(".gate"), { titles: experts, colors: this.colors });
    const [{ prompt, seed }] = templates;
    const settings = { ...FIRST, prompt, seed, steps, ...formSettings() };
    this.suggested = new Set(["", ...templates.map((template) => template.prompt)]);
    this.suggested.add(loadSettings().suggested);
    this.composer = new Composer(panel.querySelector(".composer"), {
      settings,
      words,
      onChange: (form, name) => this.changed(form, name),
      onSubmit: () => this.submit(),
      onStop: () => requests.stop(),
    });
    for (const kind of ["sent", "place", "start", "step", "done", "stopped", "error", "lost", "forgotten"]) {
      requests.addEventListener(kind, (event) => {
        this[kind](event.detail);
        this.composer.isBusy = requests.isBusy;
      });
    }
    this.shown = new Shown(panel, {
      palette: this.colors, result: this.result, gate: this.gate, underlay, weigh, database,
      isBusy: () => requests.isBusy, restore: (entry) => this.restore(entry),
    });
    this.live = new Live({
      key: () => this.key(),
      steps: () => Number(this.composer.values.steps),
      run: ({ isDraft }) => this.request({ isDraft, isOwn: true }),
      stop: () => requests.stop(),
      mayRun: () => !document.hidden && !drawing.isStroking,
    });
    drawing.addEventListener("commit", () => {
      this.sum = null;
      this.live.changed();
      this.showAge();
    });
    expertSettings.addEventListener("change", () => {
      this.live.changed();
      this.showAge();
    });
    document.addEventListener("visibilitychange", () => this.live.sight());
    this.resume().finally(() => this.live.turn(this.composer.values.live));
  }

  /** A field was changed. */
  changed(form, name) {
    saveSettings({ form });
    this.showAge();
    if (name === "live") this.live.turn(form.live);
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
    if (!this.composer.isLocked) this.putSettings({ seed: seed ?? anySeed() });
    this.suggested.add(prompt);
    saveSettings({ suggested: prompt });
    return isOwn ? own : null;
  }

  /** What a person asks for with Generate. */
  submit() {
    if (!this.composer.isLocked) this.composer.roll();
    if (this.isUnchanged) return this.sayUnchanged();
    this.request({ isDraft: false, isOwn: false });
    this.result.seek();
  }

  /** Whether a request would make what is there already. */
  get isUnchanged() {
    const { composer: { values }, requests, shown } = this;
    if (requests.isBusy || !this.isUpToDate) return false;
    return !(values.whole_face && shown.isPatched);
  }

  /** Whether the image is that of the drawing and the settings. */
  get isUpToDate() {
    this.sum ??= checksum(this.drawing.labels); // asked for several times after a stroke
    return this.shown.isOf(this.sum, this.everySetting);
  }

  sayUnchanged() {
    if (this.shown.accepted.isForeign) {
      this.notice.tell("The mask is as it was, so the image stays as it is. Paint a change, or turn on " +
        "Regenerate everything.");
      return;
    }
    this.notice.tell("Nothing has changed since this image was made.", {
      title: "Try another seed", act: () => {
        this.composer.roll();
        this.request({ isDraft: false, isOwn: false });
      },
    });
  }

  /** Say beside the image when it is not that of the drawing any more. */
  showAge() {
    this.result.age({ isOld: this.shown.accepted !== null && !this.isUpToDate });
  }

  /** isOwn: whether live mode and not a person asks. */
  request({ isDraft, isOwn }) {
    if (isOwn && this.isUnchanged) return this.live.settle();
    const { prompt, seed, steps, strength, whole_face } = this.composer.values;
    const heard = this.expertSettings.values;
    const asked = { prompt, seed, strength, whole_face, is_draft: isDraft, ...heard };
    this.settings = { prompt, seed, steps, strength, ...heard };
    asked.steps = isDraft ? String(DRAFT_STEPS) : steps;
    this.labels = this.drawing.labels.slice();
    const { words, order } = this.drawing.layers;
    this.layers = { words: words.slice(), order };
    Object.assign(this, { asked, isOwn, base: this.shown.accepted, hasResent: false });
    this.send();
  }

  /** Send the request, again if the server has forgotten the image that it starts from. */
  send() {
    const { asked, base, labels } = this;
    const encode = (map) => indexedPNG(map, SIDE, this.colors);
    const request = async () => ({
      ...asked, base: base && await base.asBase(encode), mask: toBase64(await encode(labels)),
    });
    this.requests.place(request());
  }

  /** The same for the same inputs. */
  key() {
    const { live: _live, locked: _locked, ...inputs } = this.composer.values;
    this.sum ??= checksum(this.drawing.labels);
    return JSON.stringify([inputs, this.expertSettings.values, this.sum]);
  }

  sent() {
    this.run = null;
    this.notice.clear();
    setPending(!this.isOwn);
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

  /** The server knows nothing of the request: the phone slept, or the server was started anew. */
  lost() {
    if (this.hasResent) {
      return this.error({ text: "The server has lost this request twice. Your drawing is kept.", canRetry: true });
    }
    this.hasResent = true;
    if (this.base) this.base.isKnown = false;
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
    this.weigh(meanWeights(run), this.settings);
  }

  done() {
    const { seed, is_draft: isDraft } = this.asked;
    this.result.finish(this.run, { seed, isDraft, kept: this.kept });
    setPending(false);
    if (!isDraft) this.accept(this.run);
    this.live.done();
    if (isDraft) this.result.age({ isOld: false });
    else this.showAge();
  }

  /** A full image is there: the next edit starts from it. */
  accept(run) {
    const { labels, settings, requests: { number } } = this;
    const isEdit = this.kept > 0;
    const isForeign = isEdit && this.base.isForeign;
    const layers = packLayers(this.layers);
    const { image } = run.reports.at(-1);
    this.shown.add(new Accepted({ image, labels, layers, settings, isForeign, isEdit, run, number }));
  }

  /**
   * Take an image with its label map, as if it had just been made: the drawing becomes the label map,
   * and an edit keeps the rest of the image. See Accepted for the arguments.
   */
  adopt({ image, labels, settings = null, isForeign = settings === null }) {
    this.requests.stop();
    this.drawing.replace(labels);
    if (settings) this.putSettings(settings);
    const accepted = new Accepted({ image, labels, settings, isForeign });
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
    if (words) this.drawing.replaceLayers({ words, order: layers.order });
    else this.drawing.replace(accepted.labels);
    if (accepted.settings) this.putSettings(accepted.settings);
    this.recall(accepted);
  }

  /**
   * Show the images of earlier visits, and the last one as it was; the drawing is there already. What
   * was asked for and did not arrive before the page was loaded anew is asked for again.
   */
  async resume() {
    await this.shown.archive.load();
    const last = this.shown.archive.find(loadSettings().shown);
    if (this.requests.isBusy || this.shown.accepted) return;
    if (last) this.shown.recall(last, FROM_HISTORY);
    this.showAge();
    if (isPending() && !this.isUnchanged) this.request({ isDraft: false, isOwn: false });
    else if (last && this.isUpToDate) this.live.settle();
    setPending(this.requests.isBusy);
  }

  /** Show an image as the current one, without a request. */
  recall(accepted, origin = FROM_HISTORY) {
    this.shown.recall(accepted, origin);
    this.live.settle();
    this.showAge();
  }

  /** Of the form and of the experts. */
  get everySetting() {
    return { ...this.composer.values, ...this.expertSettings.values };
  }

  /** Go on with the settings of a project, and with its image; the drawing is there already. */
  takeUp({ live: _live, ...settings }, shown) {
    this.requests.stop();
    this.putSettings(settings);
    const accepted = this.shown.archive.find(shown);
    if (accepted) this.recall(accepted);
    this.live.settle();
    this.showAge();
  }

  /** settings: values of fields of the form and of the experts. */
  putSettings(settings) {
    this.composer.put(settings);
    this.expertSettings.put(settings);
    saveSettings({ form: this.composer.values });
  }

  stopped() {
    this.ended();
    this.result.stop(this.run);
  }

  /** canRetry: whether the same request may do better next time. */
  error({ text, canRetry }) {
    this.ended();
    this.result.fail();
    this.notice.warn(text, canRetry && { title: "Retry", act: () => this.send() });
  }

  /** The run came to nothing: the last finished image stays. */
  ended() {
    setPending(false);
    this.shown.back();
    this.live.ended();
    this.showAge();
  }
}

/** As the browser has stored it; it was called order at first. */
function formSettings() {
  const { form, order } = loadSettings();
  return form ?? order;
}
