// What the colours of the map stand for.

import { percent } from "../percent.js";

export class Legend {
  /** titles, colors: of the experts. */
  constructor(element, { titles, colors }) {
    Object.assign(this, { titles, colors });
    for (const name of ["ramp", "low", "high", "range"]) this[name] = element.querySelector(`.${name}`);
  }

  clear() {
    for (const part of [this.low, this.high, this.range]) part.textContent = "";
  }

  show({ summaries, from, to }, gradient) {
    this.ramp.style.background = gradient;
    this.low.textContent = number(from);
    this.high.textContent = number(to);
    const { low, mean, high } = summaries.at(-1);
    this.range.textContent = `min ${number(low)}, mean ${number(mean)}, max ${number(high)}`;
  }

  /** Winners have no scale: the ramp becomes a bar of their colours, as long as their shares. */
  showShares({ shares, changed }) {
    let place = 0;
    const bands = shares.map(([expert, share]) =>
      `rgb(${this.colors[expert].join(" ")}) ${100 * place}% ${100 * (place += share)}%`);
    this.ramp.style.background = `linear-gradient(to right, ${bands.join(", ")})`;
    this.low.textContent = this.high.textContent = "";
    this.range.textContent = changed === null
      ? shares.slice(0, 2).map(([expert, share]) => `${this.titles[expert]} ${percent(share)}`).join(", ")
      : `changed at ${percent(changed)} of the places`;
  }
}

const number = (value) => value.toFixed(4).replace("-", "−");
