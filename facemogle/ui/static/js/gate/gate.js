// The gating view: how much each expert weighs, at each place and in each step.

import { Chart } from "./chart.js";
import { Film } from "./film.js";
import { Legend } from "./legend.js";
import { Player } from "./player.js";
import { Scene } from "./scene.js";
import { sentence } from "./sentence.js";
import { Stage } from "./stage.js";
import { meanCurve, placeCurve, regionAt, stepAt } from "./statistics.js";
import { Tiles } from "./tiles.js";
import { versus } from "./versus.js";
import { Redraw } from "../canvas/redraw.js";

const INTRODUCTION = "How much each expert weighs, at each point and in each step.";
const UNKNOWN = "No gate weights came with this image: image files do not hold them, project files do.";
const GLOBAL_COLOR = [150, 150, 150]; // of no region

export class Gate {
  /**
   * titles: what a person reads for each expert, by expert number. colors: of the regions.
   * onSelect(expert): one was chosen here. onScene(scene or null, expert): what is shown now.
   */
  constructor(panel, { titles, colors, onSelect, onScene }) {
    Object.assign(this, { panel, titles, colors: [GLOBAL_COLOR, ...colors], onSelect, onScene });
    Object.assign(this, { run: null, coming: null, pinned: null, former: null, step: 0, expert: 0, place: null });
    this.choices = { scale: "relative", mode: "run", where: "inside" };
    const find = (selector) => panel.querySelector(selector);
    this.parts = {
      slider: find("[name=step]"), step: find(".step-text"), expert: find(".expert-text"),
      opacity: find("[name=opacity]"), sentence: find(".sentence"), more: find(".more"), details: find(".details"), versus: find(".versus"), hint: find(".over.now .hint"), pin: find("[data-command=pin]"), place: find(".place-text"),
    };
    const onPoint = (token) => this.point(token);
    this.now = new Stage(find(".over.now"), { onPoint });
    this.before = new Stage(find(".over.before"), { onPoint });
    this.legend = new Legend(find(".legend"), { titles, colors: this.colors });
    const select = (expert) => this.select(expert);
    this.tiles = new Tiles(find(".tiles"), { titles, onSelect: select });
    this.film = new Film(find(".steps"), { onStep: (step) => this.scrub(step) });
    const chart = {
      titles, colors: this.colors, onSelect: select,
      onStep: (t) => this.scrub(stepAt(this.run, t)),
    };
    this.placeChart = new Chart(find(".at-place"), chart);
    this.meanChart = new Chart(find(".means"), chart);
    this.player = new Player(find("[data-command=play]"), {
      advance: () => this.run && this.set({ step: (this.step + 1) % this.run.done }),
    });
    this.redraw = new Redraw(panel, () => this.show());
    this.listen();
    this.show();
  }

  listen() {
    const { slider, opacity, pin } = this.parts;
    slider.addEventListener("input", () => this.scrub(Math.min(Number(slider.value), this.run.done) - 1));
    const fade = () => [this.now, this.before].forEach((stage) => stage.fade(opacity.value));
    opacity.addEventListener("input", fade);
    fade();
    for (const button of this.panel.querySelectorAll("[data-choice]")) {
      const { choice, value } = button.dataset;
      button.addEventListener("click", () => {
        this.choices[choice] = value;
        this.show();
      });
    }
    pin.addEventListener("click", () => this.pin());
    this.parts.more.addEventListener("click", () => this.open(this.parts.details.hidden));
  }

  /** Show the details, or no more: then nothing says what is compared, so one run's maps come back. */
  open(isOpen) {
    const { details, more } = this.parts;
    details.hidden = !isOpen;
    more.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) this.choices.mode = "run";
    this.show();
    if (isOpen) this.panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /** Follow a run that begins: what is shown stays until its first step is there. */
  start(run) {
    this.coming = run;
    this.panel.dataset.drawn = "";
  }

  /** Show a finished run, at its last step; null: nothing is known of the image's gate. */
  look(run) {
    this.coming = null;
    this.hasLooked = true;
    this.parts.hint.textContent = UNKNOWN;
    this.take(run);
    this.show();
  }

  /** From now on this run is shown. */
  take(run) {
    this.player.stop();
    if (this.run && this.run !== run) this.former = this.run;
    this.run = run;
    this.known = run?.done ?? 0; // steps of the run that the view has heard of
    this.step = this.known - 1;
  }

  /** Steps have come in. The view moves on with them unless a person has gone back. */
  grow() {
    if (this.coming) this.take(this.coming);
    this.coming = null;
    const isFollowing = this.step >= this.known - 1;
    this.known = this.run.done;
    if (isFollowing) this.step = this.known - 1;
    this.redraw.ask(); // the image itself comes first
  }

  /** A person goes to a step, which ends the animation. */
  scrub(step) {
    this.player.stop();
    this.set({ step });
  }

  /** Keep the run for comparison; the pinned run itself is let go. */
  pin() {
    this.pinned = this.pinned === this.run ? null : this.run;
    this.show();
  }

  /** An expert was chosen: here, or elsewhere on the page. */
  select(expert) {
    if (expert === this.expert) return;
    this.set({ expert });
    this.onSelect(expert);
  }

  /** What the run is compared with: the pinned run, else the one that was shown before. */
  get other() {
    return this.pinned ?? this.former;
  }

  point(place) {
    if (!this.report) return;
    this.place = place;
    this.showPlace();
  }

  set(state) {
    Object.assign(this, state);
    this.show();
  }

  get report() {
    return this.run?.reports[this.step];
  }

  show() {
    this.redraw.settle();
    const { panel, parts, pinned, run, other } = this;
    if (!other) this.choices.mode = "run";
    for (const button of panel.querySelectorAll("[data-choice]")) {
      const { choice, value } = button.dataset;
      button.setAttribute("aria-pressed", String(this.choices[choice] === value));
      if (choice === "mode") button.disabled = value !== "run" && !other;
    }
    for (const button of panel.querySelectorAll("[data-command]")) button.disabled = !this.report;
    parts.pin.textContent = pinned && pinned === run ? "Unpin" : "Pin this run";
    parts.versus.textContent = this.report && other ? versus(this.choices.mode, other, other === pinned) : "";
    parts.expert.textContent = this.titles[this.expert] ?? "Winning experts";
    this.tiles.select(this.expert);
    panel.classList.toggle("empty", !this.report);
    panel.dataset.mode = this.choices.mode;
    panel.dataset.drawn = run ? `${run.done}/${run.steps}` : ""; // later than the run has it
    if (this.report) this.showReport(this.report);
    else this.clear();
  }

  /** There is no step yet, or none any more. */
  clear() {
    const { parts } = this;
    this.tiles.clear();
    parts.slider.disabled = true;
    parts.step.textContent = "Step";
    parts.sentence.textContent = this.run === null && this.hasLooked ? UNKNOWN : INTRODUCTION;
    this.film.draw(null);
    this.onScene(null, this.expert);
    this.legend.clear();
    this.panel.classList.add("no-place");
  }

  showReport({ t }) {
    const { parts, run, step, other: pinned, colors } = this;
    parts.slider.max = run.steps;
    parts.slider.value = step + 1;
    parts.slider.disabled = run.done < 2;
    parts.step.textContent = `Step ${step + 1} of ${run.steps}, t = ${t.toFixed(3)}`;
    parts.sentence.textContent = sentence(run, step, this.expert, this.titles);
    this.film.draw(run, step);
    const scene = new Scene({ run, step, pinned, ...this.choices, colors });
    this.tiles.draw(scene);
    this.onScene(scene, this.expert);
    if (!parts.details.hidden) this.showDetails(scene);
  }

  showDetails(scene) {
    const chosen = this.showsWinners ? scene.winners() : scene.expert(this.expert);
    const stages = this.choices.mode === "both" ? [this.before, this.now] : [this.now];
    scene.shown.forEach(([{ reports, grid }, at], i) => {
      stages[i].draw({ image: reports[at].image, pixels: chosen.layers[i], grid });
    });
    if (this.showsWinners) this.legend.showShares(chosen);
    else this.legend.show(chosen, scene.gradient);
    this.showMeans();
    this.showPlace();
  }

  get showsWinners() {
    return this.expert === this.titles.length;
  }

  showMeans() {
    const { where } = this.choices;
    this.meanChart.draw(this.curves((run, expert) => meanCurve(run, expert, where)));
  }

  showPlace() {
    const { run, place } = this;
    this.now.point(place);
    this.before.point(place);
    this.panel.classList.toggle("no-place", place === null);
    if (place === null) return;
    const columns = run.grid[1];
    const region = run.shares ? `${this.titles[regionAt(run, place) + 1]}, ` : "";
    this.parts.place.textContent =
      `${region}row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}`;
    this.placeChart.draw(this.curves((of, expert) => placeCurve(of, expert, place)));
  }

  /** What a chart draws: a curve per expert, and those of the pinned run where it is compared with. */
  curves(curve) {
    const { run, step, other, expert, titles } = this;
    const all = (of) => titles.map((_, index) => curve(of, index));
    const compared = this.choices.mode === "run" ? null : other;
    return {
      curves: all(run), times: run.times, step, chosen: expert,
      before: compared && all(compared), beforeTimes: compared?.times,
      top: this.choices.scale === "absolute" ? 1 : null,
    };
  }
}
