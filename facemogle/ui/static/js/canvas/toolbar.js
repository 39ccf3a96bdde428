// Tools, brush size, undo and redo.

import { MAX_SIZE, MIN_SIZE } from "./brush.js";

export class Toolbar {
  constructor(bar, { brush, drawing }) {
    Object.assign(this, { brush, drawing });
    this.tools = bar.querySelectorAll("[data-tool]");
    this.slider = bar.querySelector(".size input");
    this.output = bar.querySelector(".size output");
    this.undo = bar.querySelector("[data-command=undo]");
    this.redo = bar.querySelector("[data-command=redo]");
    this.slider.min = 0;
    this.slider.max = 1;
    this.slider.step = 0.005;
    this.listen();
    this.showBrush();
    this.showHistory();
  }

  listen() {
    for (const button of this.tools) {
      button.addEventListener("click", () => this.brush.set({ tool: button.dataset.tool }));
    }
    this.slider.addEventListener("input", () => {
      this.brush.set({ size: sizeAt(Number(this.slider.value)) });
    });
    this.undo.addEventListener("click", () => this.drawing.undo());
    this.redo.addEventListener("click", () => this.drawing.redo());
    this.brush.addEventListener("change", () => this.showBrush());
    this.drawing.addEventListener("commit", () => this.showHistory());
  }

  showBrush() {
    for (const button of this.tools) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.brush.tool));
    }
    const { size } = this.brush;
    if (sizeAt(Number(this.slider.value)) !== size) this.slider.value = placeOf(size);
    this.slider.setAttribute("aria-valuetext", `${size} pixels`);
    this.output.textContent = `${size} px`;
  }

  showHistory() {
    this.undo.disabled = !this.drawing.canUndo;
    this.redo.disabled = !this.drawing.canRedo;
  }
}

// The slider is logarithmic: half of its way is for sizes below 13.
const RANGE = Math.log(MAX_SIZE / MIN_SIZE);

const sizeAt = (place) => Math.round(MIN_SIZE * Math.exp(place * RANGE));

const placeOf = (size) => Math.log(size / MIN_SIZE) / RANGE;
