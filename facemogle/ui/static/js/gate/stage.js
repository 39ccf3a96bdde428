// An image with a map over it, where a person can point at a place.

import { drawPixels } from "./colormap.js";

export class Stage {
  /** onPoint(token): a place was pointed at, by mouse, finger or arrow keys. */
  constructor(element, { onPoint }) {
    this.element = element;
    this.image = element.querySelector("img");
    this.map = element.querySelector("canvas");
    this.mark = element.querySelector(".mark");
    this.grid = [1, 1];
    this.token = 0;
    const point = (event) => onPoint(this.tokenAt(event));
    element.addEventListener("pointermove", point);
    element.addEventListener("pointerdown", point);
    element.addEventListener("keydown", (event) => {
      const token = this.neighbour(event.key);
      if (token === null) return;
      event.preventDefault();
      onPoint(token);
    });
  }

  draw({ image, pixels, grid }) {
    this.grid = grid;
    this.image.src = image;
    drawPixels(this.map, [pixels], grid);
  }

  fade(opacity) {
    this.map.style.opacity = opacity;
  }

  /** Mark a token; null: none. */
  point(token) {
    this.mark.hidden = token === null;
    if (token === null) return;
    this.token = token;
    const [rows, columns] = this.grid;
    Object.assign(this.mark.style, {
      left: `${(100 * (token % columns)) / columns}%`,
      top: `${(100 * Math.floor(token / columns)) / rows}%`,
      width: `${100 / columns}%`,
      height: `${100 / rows}%`,
    });
  }

  tokenAt({ clientX, clientY }) {
    const box = this.element.getBoundingClientRect();
    const [rows, columns] = this.grid;
    const row = clamp(Math.floor(((clientY - box.top) / box.height) * rows), rows);
    return row * columns + clamp(Math.floor(((clientX - box.left) / box.width) * columns), columns);
  }

  neighbour(key) {
    const [rows, columns] = this.grid;
    const [down, right] = ARROWS[key] ?? [];
    if (down === undefined) return null;
    const row = clamp(Math.floor(this.token / columns) + down, rows);
    return row * columns + clamp((this.token % columns) + right, columns);
  }
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const clamp = (index, length) => Math.min(Math.max(index, 0), length - 1);
