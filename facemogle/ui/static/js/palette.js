// The swatches: one click takes a region and its layer.

export class Palette {
  constructor(list, { regions, order, brush }) {
    this.brush = brush;
    this.buttons = new Map(order.map((index) => [index, swatch(regions[index])]));
    list.replaceChildren(...this.buttons.values());
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) brush.set({ region: Number(button.dataset.region) });
    });
    list.addEventListener("keydown", (event) => this.step(event));
    brush.addEventListener("change", () => this.show());
    this.show();
  }

  /** Arrow keys move through the swatches, as in any group of radio buttons. */
  step(event) {
    const direction = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const regions = [...this.buttons.keys()];
    const next = regions.indexOf(this.brush.region) + direction + regions.length;
    this.brush.set({ region: regions[next % regions.length] });
    this.buttons.get(this.brush.region).focus();
  }

  show() {
    for (const [region, button] of this.buttons) {
      const isTaken = region === this.brush.region;
      button.setAttribute("aria-checked", String(isTaken));
      button.tabIndex = isTaken ? 0 : -1;
    }
  }

  /** Mark the swatch of the region under the pointer. */
  point(region) {
    for (const [index, button] of this.buttons) {
      button.classList.toggle("pointed", index === region);
    }
  }
}

function swatch({ index, title, color }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.region = index;
  button.setAttribute("role", "radio");
  const chip = document.createElement("i");
  chip.style.background = `rgb(${color.join(" ")})`;
  const name = document.createElement("span");
  name.textContent = title;
  button.append(chip, name);
  if (/^(Left|Right) /.test(title)) {
    button.title = "The person's own side: left is at the right of the picture.";
  }
  return button;
}
