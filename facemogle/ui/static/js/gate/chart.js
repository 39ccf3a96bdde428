// Curves of weight over t as an SVG, with a list of all values at the step shown.

import { labelPlaces, niceTop } from "./axes.js";

const HEIGHT = 216;
const MARGIN = { left: 42, right: 84, top: 10, bottom: 34 };
const LABEL_HEIGHT = 13;
const MAX_LABELS = 8;
const TICKS = 4;

export class Chart {
  /** titles and colors of the experts. onSelect(expert) and onStep(t): a curve, a time was chosen. */
  constructor(element, { titles, colors, onSelect, onStep }) {
    Object.assign(this, { titles, colors });
    this.plot = element.querySelector(".plot");
    this.list = element.querySelector(".values");
    this.entries = titles.map((title, expert) => entry(title, colors[expert]));
    this.list.append(...this.entries.map(({ item }) => item));
    this.entries.forEach(({ item }, expert) => item.addEventListener("click", () => onSelect(expert)));
    this.plot.addEventListener("click", (event) => this.curves && onStep(this.timeAt(event)));
    new ResizeObserver(() => this.curves && this.render()).observe(this.plot);
  }

  /**
   * curves: a list of values per expert, one per step or null; before: the same of the run compared
   * with, or null. times, beforeTimes: their t. step: the one shown. chosen: an expert.
   * top: value at the upper end, or null for what the curves need.
   */
  draw(content) {
    Object.assign(this, content);
    this.render();
  }

  render() {
    this.width = Math.max(this.plot.clientWidth, 200);
    const seen = [...this.curves, ...(this.before ? [this.before[this.chosen] ?? []] : [])].flat();
    this.limit = this.top ?? niceTop(Math.max(0, ...seen));
    const svg = make("svg", { viewBox: `0 0 ${this.width} ${HEIGHT}`, width: this.width, height: HEIGHT });
    svg.append(...this.axes());
    if (this.before?.[this.chosen]) {
      svg.append(this.line(this.chosen, this.beforeTimes, this.before[this.chosen], "before"));
    }
    this.curves.forEach((values, expert) => svg.append(this.line(expert, this.times, values, "")));
    if (this.curves[this.chosen]) {
      svg.append(this.line(this.chosen, this.times, this.curves[this.chosen], "chosen"));
    }
    svg.append(...this.dots(), ...this.labels());
    this.plot.replaceChildren(svg);
    this.showValues();
  }

  axes() {
    const parts = [];
    const right = this.width - MARGIN.right;
    for (let i = 0; i <= TICKS; i++) {
      const value = (this.limit * i) / TICKS;
      parts.push(
        make("line", { class: "grid", x1: MARGIN.left, x2: right, y1: this.y(value), y2: this.y(value) }),
        text(tick(value, this.limit), { x: MARGIN.left - 6, y: this.y(value) + 4, "text-anchor": "end" }),
      );
      const t = 1 - i / TICKS;
      parts.push(text(String(t), { x: this.x(t), y: HEIGHT - MARGIN.bottom + 15, "text-anchor": "middle" }));
    }
    const x = this.x(this.times[this.step]);
    parts.push(
      make("line", { class: "now", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
      text("t: noise → image", { x: (MARGIN.left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }),
    );
    return parts;
  }

  line(expert, times, values, kind) {
    const points = values.flatMap((value, step) => value === null ? [] :
      [`${this.x(times[step]).toFixed(1)} ${this.y(value).toFixed(1)}`]);
    const d = points.length ? `M${points.join("L")}` : "";
    return this.coloured(make("path", { class: `curve ${kind}`, d }), expert);
  }

  dots() {
    return this.curves.flatMap((values, expert) => {
      const value = values[this.step];
      if (value === null) return [];
      const dot = { class: "dot", cx: this.x(this.times[this.step]), cy: this.y(value) };
      return [this.coloured(make("circle", { ...dot, r: expert === this.chosen ? 4 : 2 }), expert)];
    });
  }

  /** Names at the curves' ends: the chosen one and the heaviest. */
  labels() {
    const ends = this.curves
      .map((values, expert) => ({ expert, value: values.at(-1) }))
      .filter(({ value }) => value !== null)
      .sort((a, b) => (b.expert === this.chosen) - (a.expert === this.chosen) || b.value - a.value)
      .slice(0, MAX_LABELS)
      .sort((a, b) => b.value - a.value);
    const places = labelPlaces(ends.map(({ value }) => this.y(value)), LABEL_HEIGHT, HEIGHT - MARGIN.bottom);
    const x = this.x(this.times.at(-1)) + 8;
    return ends.map(({ expert }, i) => this.coloured(text(this.titles[expert], {
      class: expert === this.chosen ? "name chosen" : "name", x, y: places[i] + 4,
    }), expert));
  }

  showValues() {
    this.entries.forEach(({ item, number }, expert) => {
      const value = this.curves[expert][this.step];
      item.classList.toggle("selected", expert === this.chosen);
      item.classList.toggle("none", value === null);
      number.textContent = value === null ? "–" : value.toFixed(3);
    });
  }

  coloured(element, expert) {
    element.style.setProperty("--color", `rgb(${this.colors[expert].join(" ")})`);
    return element;
  }

  x(t) {
    return MARGIN.left + (1 - t) * (this.width - MARGIN.left - MARGIN.right);
  }

  y(value) {
    return MARGIN.top + (1 - value / this.limit) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  timeAt({ clientX }) {
    const x = clientX - this.plot.getBoundingClientRect().left;
    return 1 - (x - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
  }
}

function entry(title, color) {
  const item = document.createElement("li");
  item.style.setProperty("--color", `rgb(${color.join(" ")})`);
  const name = document.createElement("span");
  name.textContent = title;
  const number = document.createElement("output");
  item.append(document.createElement("i"), name, number);
  return { item, number };
}

function make(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function text(content, attributes) {
  const element = make("text", attributes);
  element.textContent = content;
  return element;
}

const tick = (value, limit) => value.toFixed(limit < 0.04 ? 3 : 2);
