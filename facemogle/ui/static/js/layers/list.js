// The layers as rows, the highest first: one click takes a region and its layer.

import { LayerRow, told } from "./row.js";
import { Redraw } from "../canvas/redraw.js";

const GLOBAL_COLOR = "conic-gradient(#c00, #fc0, #0c0, #0cc, #00c, #c0c, #c00)";

/**
 * Emits "change" when another row is selected or what is set of it has changed, "count" with how many pixels
 * each region shows, "point" when the pointer on the canvas comes over another region, whose expert is then
 * `pointed`, or null, and "weigh" when the gate's weights are told.
 */
export class Palette extends EventTarget {
  /** list: for the layers. states: LayerView. expertSettings: ExpertSettings. experts: their titles. */
  constructor(list, { regions, experts, brush, drawing, layerView, expertSettings }) {
    super();
    Object.assign(this, { list, brush, drawing, layerView, expertSettings });
    this.isGlobal = false; // whether the global expert's row is selected
    this.weights = null;
    this.global = new LayerRow(null, { title: experts[0], color: GLOBAL_COLOR });
    this.rows = regions.map(({ title, color }, region) =>
      new LayerRow(region, { title, color: `rgb(${color.join(" ")})` }));
    this.counted = new Redraw(list, () => this.count());
    list.addEventListener("click", (event) => this.click(event));
    list.addEventListener("keydown", (event) => this.step(event));
    brush.addEventListener("change", () => {
      this.isGlobal = false;
      this.show();
    });
    for (const source of [layerView, expertSettings]) source.addEventListener("change", () => this.show());
    drawing.addEventListener("commit", () => this.read());
    this.read();
    this.show();
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const region = Number(button.parentElement.dataset.region);
    const { kind } = button.dataset;
    if (kind === "muted") this.expertSettings.toggleMuted(region);
    else if (kind) this.layerView.toggle(kind, region);
    else if (button === this.global.button) this.takeGlobal();
    else this.brush.set({ region });
  }

  takeGlobal() {
    this.isGlobal = true;
    this.show();
  }

  /** Arrow keys move through the swatches, as in any group of radio buttons; Alt takes them along. */
  step(event) {
    const direction = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!direction || event.target.dataset.kind) return;
    event.preventDefault();
    if (event.altKey) return this.shift(-direction);
    this.next(direction);
    this.rows[this.brush.region].button.focus();
  }

  /** Take the region below (1) or above (-1) the selected one. */
  next(direction) {
    const order = [...this.drawing.layers.order].reverse();
    const place = order.indexOf(this.brush.region) + direction + order.length;
    this.brush.set({ region: order[place % order.length] });
  }

  /** Move the selected layer up (1) or down (-1) in the stack. */
  shift(direction) {
    const { rank } = this.drawing.layers;
    this.drawing.reorder(this.brush.region, rank[this.brush.region] + direction);
  }

  /** Put a layer right above or below another one. */
  drop(region, other, isAbove) {
    const others = this.drawing.layers.order.filter((each) => each !== region);
    this.drawing.reorder(region, others.indexOf(other) + (isAbove ? 1 : 0));
  }

  show() {
    const { brush, expertSettings, layerView, isGlobal } = this;
    for (const row of this.rows) {
      const { region } = row;
      row.show({
        isTaken: region === brush.region && !isGlobal,
        is: (kind) => (kind === "muted" ? expertSettings.isMuted(region) : layerView.is(kind, region)),
        strength: expertSettings.strength(region + 1),
        opacity: layerView.opacity(region),
      });
    }
    this.global.show({ isTaken: isGlobal, strength: expertSettings.strength(0), opacity: 1 });
    this.showWeights();
    this.reveal(isGlobal ? this.global : this.rows[brush.region]);
    // The hand still holds a region, which the arrow keys go on from.
    this.rows[brush.region].button.tabIndex = 0;
    this.dispatchEvent(new Event("change"));
  }

  /** Where the list is longer than its place, bring the selected row into sight. */
  reveal({ element }) {
    if (element === this.revealed) return;
    this.revealed = element;
    const { list } = this;
    const latest = element.offsetTop - list.offsetTop;
    const earliest = latest + element.offsetHeight - list.clientHeight;
    list.scrollTop = Math.max(earliest, Math.min(latest, list.scrollTop));
  }

  /** Take over from the drawing: the order now, and when the stroke is on the screen what it left. */
  read() {
    const { layers } = this.drawing;
    if (this.order !== layers.order) this.arrange(layers.order);
    this.counted.ask();
  }

  /** Mark which layers are empty and which wholly covered. */
  count() {
    const { own, shown } = this.drawing.layers.count();
    this.rows.forEach(({ badge }, region) => {
      badge.textContent = shown[region] ? "" : own[region] ? "covered" : "empty";
    });
    this.dispatchEvent(new CustomEvent("count", { detail: shown }));
  }

  arrange(order) {
    const { activeElement } = document;
    this.order = order;
    const rows = [...order].reverse().map((region) => this.rows[region]);
    this.list.replaceChildren(...[this.global, ...rows].map(({ element }) => element));
    if (this.list.contains(activeElement)) activeElement.focus();
    this.dispatchEvent(new Event("change"));
  }

  /** weights: the gate's means in [0, 1] by expert, or null. heard: ExpertSettings.values of that run. */
  weigh(weights, heard) {
    Object.assign(this, { weights, heard: JSON.stringify([heard?.muted, heard?.expert_strengths]) });
    this.showWeights();
    this.dispatchEvent(new Event("weigh"));
  }

  showWeights() {
    const most = Math.max(...this.weights ?? [1]);
    [this.global, ...this.rows].forEach((row, expert) =>
      row.weigh(this.told(expert), (this.weights?.[expert] ?? 0) / most));
  }

  /** Take an expert's layer, whichever panel chose it. */
  take(expert) {
    if (expert === 0) this.takeGlobal();
    else if (expert <= this.rows.length) this.brush.set({ region: expert - 1 });
  }

  /** Number of the selected expert. */
  get expert() {
    return this.isGlobal ? 0 : this.brush.region + 1;
  }

  /** All experts, the global one first, then the layers from the highest down. */
  get experts() {
    return [0, ...[...this.drawing.layers.order].reverse().map((region) => region + 1)];
  }

  /** Draw each expert's map small into its row; null: none is known. */
  heat(scene) {
    [this.global, ...this.rows].forEach((row, expert) => row.heat(scene && scene.expert(expert), scene?.run.grid));
  }

  /** What is known of an expert's weight. */
  told(expert) {
    const { muted, expert_strengths } = this.expertSettings.values;
    const isOld = this.heard !== JSON.stringify([muted, expert_strengths]);
    return told({ weight: this.weights?.[expert], isMuted: muted.includes(expert - 1), isOld });
  }

  /** Mark the row of the region under the pointer; null: of none. */
  point(pointed) {
    this.pointed = pointed === null ? null : pointed + 1;
    this.dispatchEvent(new Event("point"));
    for (const { region, element } of this.rows) element.classList.toggle("pointed", region === pointed);
  }
}
