// Four faces of the same drawing and words by other seeds, in the image's place; a click takes one.

import { anySeed } from "./composer.js";

const COUNT = 4;

export class Variations {
  /** panel: of the image. runner: Runner, which makes the faces one after another. */
  constructor(panel, runner) {
    this.runner = runner;
    this.element = panel.querySelector(".four");
    this.back = panel.querySelector("[data-command=leave-four]");
    this.tiles = Array.from({ length: COUNT }, () => this.tile());
    this.element.replaceChildren(...this.tiles);
    this.made = [];
    panel.querySelector("[data-command=four]").addEventListener("click", () => this.begin());
    this.back.addEventListener("click", () => this.leave());
    panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.isOpen && this.leave());
  }

  tile() {
    const button = document.createElement("button");
    button.type = "button";
    const image = document.createElement("img");
    Object.assign(image, { alt: "", hidden: true });
    button.append(image);
    button.addEventListener("click", () => this.take(this.made[this.tiles.indexOf(button)]));
    return button;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Number of the face that is made next, 1 to 4. */
  get next() {
    return this.made.length + 1;
  }

  /** Make four faces of what is there now. */
  begin() {
    const { runner } = this;
    const base = runner.shown.accepted;
    if (base?.isForeign && runner.isUnchanged) return runner.sayUnchanged();
    Object.assign(runner, runner.inputs.taken({ isDraft: false }), { isOwn: false, isAgain: false, base });
    this.open();
    this.send();
    runner.result.seek();
  }

  open() {
    this.made = [];
    this.element.hidden = this.back.hidden = false;
    this.tiles.forEach((tile, place) => {
      tile.disabled = true;
      tile.setAttribute("aria-label", `Face ${place + 1}`);
      tile.firstChild.hidden = true;
    });
  }

  /** Ask for the next face. */
  send() {
    const { runner } = this;
    const seed = anySeed();
    const [asked, settings] = [runner.asked, runner.settings].map((values) => ({ ...values, seed }));
    Object.assign(runner, { asked, settings, hasResent: false, gaps: 0 });
    runner.send();
  }

  /** url: of the face under way. */
  show(url) {
    const { firstChild: image } = this.tiles[this.made.length];
    Object.assign(image, { src: url, hidden: false });
    this.count();
  }

  /** Say how far they are. */
  count() {
    const { next, runner: { result, run: { done, steps } } } = this;
    result.count(`Face ${next} of ${COUNT}, step ${Math.min(done + 1, steps)} of ${steps}`,
      (next - 1 + done / steps) / COUNT);
  }

  /** A face is finished. */
  add() {
    const { runner, tiles: { [this.made.length]: tile } } = this;
    const accepted = runner.finished(runner.run);
    const { seed } = accepted.settings;
    tile.disabled = false;
    tile.title = `Go on with this face, seed ${seed}`;
    tile.setAttribute("aria-label", `Take face ${this.next}, seed ${seed}`);
    this.made.push(accepted);
    runner.shown.archive.add(accepted); // those that are not taken are kept, too
    runner.live.done();
    if (!this.isOpen) return; // live mode makes what has been drawn meanwhile
    if (this.made.length < COUNT) return this.send();
    runner.result.settle("done", "Click the face to go on with");
  }

  /** A person goes on with one of the four, and with its seed. */
  take(accepted) {
    const { drawing, inputs, recalls, requests, shown } = this.runner;
    this.close();
    requests.stop();
    drawing.note(inputs.put({ seed: accepted.settings.seed })); // undo goes back to the face before
    recalls.recall(accepted, "One of four");
  }

  /** Back to the image that was there. */
  leave() {
    this.close();
    const { requests, result, shown } = this.runner;
    if (requests.isBusy) requests.stop();
    else if (!shown.back()) result.settle("idle", "");
  }

  close() {
    this.element.hidden = this.back.hidden = true;
  }
}
