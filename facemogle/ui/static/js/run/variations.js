// Four faces of the same drawing and words by other seeds, in the image's place; a click takes one.

export const COUNT = 4;

export class Variations {
  /** take(accepted): the person has chosen. leave(): the person keeps the image that was there. */
  constructor(element, { take, leave }) {
    Object.assign(this, { element, take });
    this.grid = element.querySelector(".grid");
    this.tiles = Array.from({ length: COUNT }, () => this.tile());
    this.grid.replaceChildren(...this.tiles);
    this.made = [];
    element.querySelector(".dismiss").addEventListener("click", leave);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      leave();
    });
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

  get isFull() {
    return this.made.length === COUNT;
  }

  /** Number of the face that is made next, 1 to 4. */
  get next() {
    return this.made.length + 1;
  }

  open() {
    this.made = [];
    this.element.hidden = false;
    this.tiles.forEach((tile, place) => {
      tile.disabled = true;
      tile.setAttribute("aria-label", `Face ${place + 1}`);
      tile.firstChild.hidden = true;
    });
  }

  close() {
    this.element.hidden = true;
  }

  /** url: of the face under way. */
  show(url) {
    const { firstChild: image } = this.tiles[this.made.length];
    Object.assign(image, { src: url, hidden: false });
  }

  add(accepted) {
    const tile = this.tiles[this.made.length];
    const { seed } = accepted.settings;
    tile.disabled = false;
    tile.title = `Go on with this face, seed ${seed}`;
    tile.setAttribute("aria-label", `Take face ${this.next}, seed ${seed}`);
    this.made.push(accepted);
  }
}
