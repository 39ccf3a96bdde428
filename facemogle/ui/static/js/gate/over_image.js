// Over the image: an earlier step's, the selected expert's map, and who weighs most under the pointer.

import { drawPixels } from "./colormap.js";
import { percent } from "../percent.js";

const HEAVIEST = 3;

export class OverImage {
  /** titles: of the experts. */
  constructor(panel, { titles }) {
    this.titles = titles;
    this.stage = panel.querySelector(".stage");
    this.finished = panel.querySelector(".stage img");
    this.earlier = panel.querySelector(".of-step");
    this.label = panel.querySelector(".at-step");
    this.map = panel.querySelector(".map");
    this.text = panel.querySelector(".heaviest");
    this.button = panel.querySelector("[data-command=map]");
    this.isOn = false;
    this.preview = null; // expert whose map is shown while the pointer is over its row or tile
    this.finished.addEventListener("load", () => this.showStep());
    this.button.addEventListener("click", () => this.toggle());
    this.stage.addEventListener("pointermove", (event) => this.point(event));
    this.stage.addEventListener("pointerleave", () => (this.text.hidden = true));
  }

  toggle() {
    this.isOn = !this.isOn;
    this.button.setAttribute("aria-pressed", String(this.isOn));
    this.show();
  }

  /** scene: Scene of the run that is looked at, or null. expert: the selected one. */
  draw(scene, expert) {
    Object.assign(this, { scene, expert });
    this.showStep();
    this.show();
  }

  /** The same, but only where a map is shown anyway: nobody who paints wants the image covered. */
  follow(expert) {
    if (this.isOn) this.look(expert);
  }

  /** Show an expert's map for a while; null: no more. */
  look(expert) {
    this.preview = expert;
    this.show();
  }

  /** A person has gone back to a step of the image that is shown; of another one nothing is told. */
  showStep() {
    const { run, step } = this.scene ?? {};
    const isEarlier = Boolean(run) && step < run.done - 1 && run.reports.at(-1).image === this.finished.src;
    this.earlier.hidden = this.label.hidden = !isEarlier;
    if (!isEarlier) return;
    this.earlier.src = run.reports[step].image;
    this.label.textContent = `Step ${step + 1} of ${run.steps}`;
  }

  show() {
    const { scene, preview, titles } = this;
    const expert = preview ?? (this.isOn ? this.expert : null);
    this.button.disabled = !scene;
    this.map.hidden = !scene || expert === null;
    this.map.classList.toggle("brief", preview !== null);
    if (this.map.hidden) return;
    const { layers } = expert === titles.length ? scene.winners() : scene.expert(expert);
    drawPixels(this.map, [layers.at(-1)], scene.run.grid);
  }

  point({ clientX, clientY }) {
    const { scene, titles } = this;
    this.text.hidden = !scene;
    if (!scene) return;
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    const { run, step } = scene;
    const [row, column] = [(clientY - top) / height, (clientX - left) / width].map(
      (share, axis) => Math.min(run.grid[axis] - 1, Math.max(0, Math.floor(share * run.grid[axis]))));
    const token = row * run.grid[1] + column;
    const weights = titles.map((title, expert) => [title, run.weight(step, expert, token)]);
    this.text.textContent = weights.sort((a, b) => b[1] - a[1]).slice(0, HEAVIEST)
      .map(([title, weight]) => `${title} ${percent(weight)}`).join(", ");
  }
}
