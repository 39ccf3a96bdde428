// The right side and the gating view: sends requests, shows what comes back.

import { Accepted } from "./accepted.js";
import { Composer } from "./composer.js";
import { Effect } from "./effect.js";
import { Gate } from "../gate/gate.js";
import { indexedPNG } from "../files/png.js";
import { Inputs } from "./inputs.js";
import { Live } from "./live.js";
import { meanWeights } from "../gate/statistics.js";
import { Notice } from "../notice.js";
import { packLayers } from "../files/project.js";
import { Recalls } from "./recalls.js";
import { Result } from "./result.js";
import { Run } from "./run.js";
import { SIDE } from "../layers/layers.js";
import { Shown } from "./shown.js";
import { loadSettings, saveSettings, setPending } from "../history/store.js";
import { toBase64 } from "../files/codec.js";
import { Variations } from "./variations.js";

const FIRST = { strength: 1, whole_face: false, live: false, locked: true };
const TYPED = ["prompt", "seed", "steps", "strength"];
const BY_PERSON = { isDraft: false, isOwn: false };
const UNCHANGED_PHOTO =
  "The mask is as it was, so the image stays as it is. Paint a change, or turn on Regenerate everything.";
const LOST_TWICE = "The server has lost this request twice. Your drawing is kept.";
const TOO_BUSY = "The browser is too busy to take in this image's steps. Your drawing is kept.";
const MOST_GAPS = 3;

export class Runner {
  /**
   * experts: their titles. steps: what the model does well with. underlay(url): lays an image under
   * the drawing. weigh(), database: as of Shown. onImage(accepted): an image is shown.
   * templates, words: of facemogle.ui.start.
   */
  constructor(root, { drawing, requests, regions, experts, expertSettings, steps, templates, words, gateListeners, askFirst, ...others }) {
    Object.assign(this, { drawing, requests, experts, ...others });
    const panel = root.querySelector(".result");
    this.colors = regions.map(({ color }) => color);
    this.notice = new Notice(panel.querySelector(".notice"));
    this.result = new Result(panel);
    this.gate = new Gate(root.querySelector(".gate"), { titles: experts, colors: this.colors, ...gateListeners });
    const [{ prompt, seed }] = templates;
    this.composer = new Composer(panel.querySelector(".composer"), {
      settings: { ...FIRST, prompt, seed, steps, ...formSettings() },
      words,
      onChange: (form, name) => this.changed(form, name),
      onSettled: () => this.inputs.settle(),
      onSubmit: () => this.submit(),
      onStop: () => requests.stop(),
    });
    this.inputs = new Inputs({ drawing, composer: this.composer, expertSettings, templates });
    this.variations = new Variations(panel, this);
    this.effect = new Effect(this);
    this.shown = new Shown(panel, {
      palette: this.colors, result: this.result, gate: this.gate, ...others,
      isBusy: () => requests.isBusy, onShow: (accepted) => this.follow(accepted), restore: (entry) => this.recalls.restore(entry),
    });
    this.live = new Live({
      key: () => this.inputs.key,
      steps: () => Number(this.composer.values.steps),
      run: ({ isDraft }) => this.request({ isDraft, isOwn: true }),
      stop: () => requests.stop(),
      back: () => this.shown.back(),
      isSeen: () => !document.hidden,
      isStroking: () => drawing.isStroking,
    });
    this.recalls = new Recalls({
      drawing, requests, composer: this.composer, inputs: this.inputs, shown: this.shown, live: this.live,
      askFirst, isUnchanged: () => this.isUnchanged, showAge: () => this.showAge(),
      again: () => this.request({ ...BY_PERSON, isAgain: true }),
    });
    this.listen(expertSettings);
    this.recalls.resume().finally(() => this.live.turn(this.composer.values.live));
  }

  listen(expertSettings) {
    const { requests, drawing } = this;
    for (const kind of ["sent", "place", "start", "step", "done", "stopped", "error", "lost", "forgotten"]) {
      requests.addEventListener(kind, (event) => {
        this[kind](event.detail);
        this.composer.isBusy = requests.isBusy;
      });
    }
    for (const [source, type] of [[drawing, "commit"], [expertSettings, "change"]]) {
      source.addEventListener(type, () => {
        this.live.changed();
        this.outdate();
      });
    }
    drawing.addEventListener("paint", () => {
      this.shown.compare.takeOut();
      if (drawing.isStroking) this.live.stroked();
    });
    drawing.addEventListener("travel", ({ detail }) => this.recalls.follow(detail));
    drawing.addEventListener("rest", () => {
      if (this.isGateLate && this.run) this.showGate();
      this.live.changed();
    });
    expertSettings.addEventListener("set", () => {
      this.inputs.settle();
      this.effect.ask();
    });
    document.addEventListener("visibilitychange", () => this.live.sight());
  }

  /** A field was changed. */
  changed(form, name) {
    saveSettings({ form });
    this.outdate();
    if (name === "live") this.live.turn(form.live);
    else if (TYPED.includes(name)) this.live.typed();
    else this.live.changed();
  }

  /** What a person asks for with Generate. */
  submit() {
    if (!this.composer.isLocked) this.composer.roll();
    if (this.isUnchanged) return this.sayUnchanged();
    this.request(BY_PERSON);
    this.result.seek();
  }

  /** Whether a request would make what is there already. */
  get isUnchanged() {
    const { inputs, requests, shown } = this;
    if (requests.isBusy || !shown.isOf(inputs)) return false;
    return !(inputs.settings.whole_face && shown.isPatched);
  }

  sayUnchanged() {
    if (this.shown.accepted.isForeign) return this.notice.tell(UNCHANGED_PHOTO);
    this.notice.tell("Nothing has changed since this image was made.", {
      title: "Try another seed", act: () => {
        this.composer.roll();
        this.request(BY_PERSON);
      },
    });
  }

  /** Another image is shown. */
  follow(accepted) {
    this.variations.close();
    this.notice.clear();
    this.onImage(accepted);
  }

  /** Something has changed: what was told of the image as it was goes. */
  outdate() {
    this.shown.compare.takeOut();
    if (!this.notice.isError) this.notice.clear();
    this.showAge();
  }

  /** Say beside the image when it is not that of the drawing any more; live mode mends that itself. */
  showAge() {
    clearTimeout(this.ageing); // after a stroke its own work comes first
    this.ageing = setTimeout(() => {
      const { inputs, live, shown } = this;
      this.result.age(live.isOn ? null : shown.changed(inputs));
    });
  }

  /** isOwn: whether live mode and not a person asks. isAgain: what a reload of the page has cut off. */
  request({ isDraft, isOwn, isAgain = false }) {
    if (isOwn && this.isUnchanged) return this.live.settle();
    this.variations.close();
    if (!isOwn) this.inputs.settle(); // what is typed may have the focus yet
    const base = this.shown.accepted;
    Object.assign(this, this.inputs.taken({ isDraft }), { isOwn, isAgain, base, hasResent: false, gaps: 0 });
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

  sent() {
    this.run = null;
    this.isGateLate = false;
    this.effect.isAsked = false;
    this.notice.clear();
    this.shown.compare.takeOut();
    setPending(!this.isOwn && !this.variations.isOpen);
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

  /** The server knows nothing of the request: the phone slept, or the server was restarted. */
  lost() {
    if (this.hasResent) return this.error({ text: LOST_TWICE, canRetry: true });
    this.hasResent = true;
    if (this.base) this.base.isKnown = false;
    this.send();
  }

  /** Of packets that come at once, Gradio may pass on the last one only. */
  incomplete() {
    this.gaps += 1;
    if (this.gaps > MOST_GAPS) return this.error({ text: TOO_BUSY, canRetry: true });
    this.send();
  }

  start({ steps, grid, kept }) {
    this.kept = kept;
    if (this.base) this.base.isKnown = true;
    const { labels, settings } = this;
    this.run = new Run({ steps, grid, experts: this.experts.length, labels, settings });
    if (this.variations.isOpen) return this.variations.count();
    this.result.start(this.run);
    this.gate.start(this.run);
  }

  step(packet) {
    const { run } = this;
    if (!run) return; // see incomplete()
    run.add(packet);
    if (this.variations.isOpen) return this.variations.show(packet.image);
    this.underlay(packet.image);
    // The image comes first: drawing the gate's maps would hold it up.
    this.result.step(run).then(() => run === this.run && this.showGate());
  }

  /** Bring maps and weights up to date with the run; a hand that paints comes first. */
  showGate() {
    this.isGateLate = this.drawing.isStroking;
    if (this.isGateLate) return;
    this.gate.grow();
    this.weigh(meanWeights(this.run), this.settings);
  }

  done() {
    if (!this.run || this.run.done < this.run.steps) return this.incomplete();
    if (this.variations.isOpen) return this.variations.add();
    const { seed, is_draft: isDraft } = this.asked;
    this.result.finish(this.run, { seed, isDraft, kept: this.kept });
    setPending(false);
    if (!isDraft) this.accept(this.run);
    this.effect.done();
    this.live.done();
    this.showAge();
  }

  /** A full image is there: the next edit starts from it. */
  accept(run) {
    this.shown.add(this.finished(run));
  }

  finished(run) {
    const { labels, settings, requests: { number } } = this;
    const isEdit = this.kept > 0;
    const isForeign = isEdit && this.base.isForeign;
    const whole = isEdit ? this.base.wholeFace : null;
    const layers = packLayers(this.layers);
    const { image } = run.reports.at(-1);
    const photo = this.base?.photo;
    return new Accepted({ image, labels, layers, settings, isForeign, isEdit, whole, run, photo, number });
  }

  stopped() {
    const { run } = this;
    if (!this.variations.made.length) this.variations.close();
    this.result.stop(run, this.ended());
  }

  /** canRetry: whether the same request may do better next time. isAway: whether the server is gone. */
  error({ text, canRetry, isAway = false }) {
    const isOne = !this.variations.isOpen;
    if (!this.variations.made.length) this.variations.close();
    this.ended();
    // Gradio reloads the page when the server is back. Once, as the request may be what it died of.
    setPending(isAway && isOne && !this.isOwn && !this.isAgain);
    this.result.fail();
    this.notice.warn(text, canRetry && { title: "Retry", act: () => this.send() });
  }

  /** The run came to nothing: the last finished image stays. Returns whether there is one. */
  ended() {
    setPending(false);
    this.run = null; // its last image may be decoded yet, and would bring its weights
    this.isGateLate = false;
    const isBack = this.shown.back();
    this.live.ended();
    this.showAge();
    return isBack;
  }
}

/** As the browser has stored it; it was called order at first. */
function formSettings() {
  const { form, order } = loadSettings();
  return form ?? order;
}
