// The image while it is made and afterwards.

const NARROW = 760; // CSS pixels, as in the style sheets
const SINCE = {
  drawing: "The drawing has changed since",
  words: "The words have changed since",
  settings: "The settings have changed since",
};

export class Result {
  constructor(panel) {
    this.panel = panel;
    this.image = panel.querySelector(".stage img");
    this.hint = panel.querySelector(".hint");
    this.bar = panel.querySelector("[role=progressbar]");
    this.text = panel.querySelector(".progress-text");
    this.link = panel.querySelector("a[download]");
    this.sign = panel.querySelector(".age");
  }

  /** changed: what has changed since the image was made, as of Shown; null: nothing. */
  age(changed) {
    this.sign.hidden = changed === null;
    if (changed) this.sign.textContent = SINCE[changed];
  }

  /** On a narrow page, where the canvas lies above it, bring it into sight. */
  seek() {
    if (innerWidth <= NARROW) this.image.parentElement.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  wait() {
    this.began = performance.now();
    this.panel.dataset.state = "waiting";
    this.text.textContent = "Waiting for the model";
    this.progress(0);
  }

  /** ahead: requests that are made before this one, the one under way included. */
  place(ahead) {
    if (this.panel.dataset.state !== "waiting" || ahead === 0) return;
    this.text.textContent = `Waiting for ${ahead} other ${ahead === 1 ? "image" : "images"}`;
  }

  start(run) {
    this.panel.dataset.state = "running";
    this.text.textContent = `Step 1 of ${run.steps}`;
  }

  /** One of several images is under way. share: of all that is to be done. */
  count(text, share) {
    this.panel.dataset.state = "running";
    this.text.textContent = text;
    this.progress(share);
  }

  /** Returns a promise of the image being on the screen. */
  step(run) {
    this.progress(run.done / run.steps);
    this.show(run.reports.at(-1).image);
    const next = Math.min(run.done + 1, run.steps);
    this.text.textContent = `Step ${next} of ${run.steps}`;
    return this.image.decode().catch(() => {}); // fails when the next image comes first
  }

  /** kept: share of the pixels that are those of the image before. */
  finish(run, { seed, kept, isDraft }) {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1);
    const parts = [`${run.steps} steps, seed ${seed}, ${seconds} s`];
    if (isDraft) parts.unshift("Draft");
    if (kept) parts.push(`${Math.round(100 * kept)} % kept`);
    this.settle("done", parts.join(", "));
    this.offer(run.reports.at(-1).image, seed);
  }

  /** share: of the image that an expert's mute or strength has changed. */
  tellEffect(share) {
    this.text.textContent = `${share > 0 && share < 0.005 ? "Under 1" : Math.round(100 * share)} % of the image changed`;
  }

  offer(url, seed) {
    this.link.href = url;
    this.link.download = seed === undefined ? "face.png" : `face_seed_${seed}.png`;
    this.link.hidden = false;
  }

  /** Show an accepted image. origin: where it comes from, for a person. */
  restore({ image, settings }, origin) {
    this.show(image);
    this.settle("done", settings ? `${origin}, seed ${settings.seed}` : origin);
    this.offer(image, settings?.seed);
  }

  /** isBack: whether the image before is shown again. */
  stop(run, isBack) {
    const where = run?.done ? `Stopped after step ${run.done} of ${run.steps}` : "Stopped";
    this.settle("stopped", isBack ? `${where}. Previous image` : where);
  }

  /** What has failed is told once, by a notice. */
  fail() {
    this.settle("failed", "");
  }

  settle(state, text) {
    this.panel.dataset.state = state;
    this.text.textContent = text;
    this.progress(0);
  }

  show(url) {
    this.image.src = url;
    this.image.hidden = false;
    this.hint.hidden = true;
    this.link.hidden = true;
  }

  progress(share) {
    this.bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    this.bar.firstElementChild.style.width = `${100 * share}%`;
  }
}
