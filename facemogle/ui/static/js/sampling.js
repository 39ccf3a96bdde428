// The right side and the gating view: sends orders, shows what comes back.

import { toBase64 } from "./codec.js";
import { Composer } from "./composer.js";
import { Gate } from "./gate.js";
import { SIDE } from "./layers.js";
import { Notice } from "./notice.js";
import { Picture } from "./picture.js";
import { indexedPNG } from "./png.js";
import { Run } from "./run.js";
import { loadSettings, saveSettings } from "./store.js";

const FIRST_PROMPT = "a young woman with fair skin, long straight brown hair, smiling";
const FIRST_SEED = 42;

export class Sampling {
  /** orders: Orders. experts: their titles. steps: what the model does well with. */
  constructor(root, { drawing, orders, regions, experts, steps }) {
    Object.assign(this, { drawing, orders, experts });
    const panel = root.querySelector(".result");
    this.colors = regions.map(({ color }) => color);
    this.notice = new Notice(panel.querySelector(".notice"));
    this.picture = new Picture(panel);
    this.gate = new Gate(root.querySelector(".gate"), { titles: experts, colors: this.colors });
    this.composer = new Composer(panel.querySelector(".composer"), {
      settings: { prompt: FIRST_PROMPT, seed: FIRST_SEED, steps, ...loadSettings().order },
      onChange: (order) => saveSettings({ order }),
      onSubmit: () => this.submit(),
      onStop: () => orders.stop(),
    });
    for (const kind of ["sent", "start", "step", "done", "stopped", "error"]) {
      orders.addEventListener(kind, (event) => {
        this[kind](event.detail);
        this.composer.isBusy = orders.isBusy;
      });
    }
  }

  submit() {
    this.asked = this.composer.values;
    this.labels = this.drawing.labels.slice();
    const png = indexedPNG(this.drawing.labels, SIDE, this.colors);
    this.orders.place(png.then((mask) => ({ ...this.asked, mask: toBase64(mask) })));
  }

  sent() {
    this.run = null;
    this.notice.clear();
    this.picture.wait();
  }

  start({ steps, grid, notes }) {
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
    this.picture.finish(this.run, this.asked);
  }

  stopped() {
    this.picture.stop(this.run);
  }

  error({ text }) {
    this.picture.fail();
    this.notice.warn(text);
  }
}
