// The last images with their masks as buttons; a click brings both back, and the settings too.

const THUMBNAIL = 56;

export class HistoryStrip {
  /** palette: [[r, g, b], ...] by region. restore(entry): put it back on the page. */
  constructor(list, { palette, side, restore }) {
    Object.assign(this, { list, palette, side, restore });
    this.buttons = new Map(); // by the entry's id
  }

  /** entries: Accepted, the oldest first; the newest comes first in the strip. */
  put(entries) {
    const buttons = entries.map((entry) => [entry.id, this.buttons.get(entry.id) ?? this.button(entry)]);
    this.buttons = new Map(buttons);
    this.list.replaceChildren(...[...this.buttons.values()].reverse());
    this.list.hidden = entries.length === 0;
  }

  /** Mark the one that is shown. */
  mark(id) {
    for (const [key, button] of this.buttons) {
      if (key === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  button(entry) {
    const button = document.createElement("button");
    button.type = "button";
    const { settings } = entry;
    button.title = settings ? `Seed ${settings.seed}. ${settings.prompt}` : "Not made here";
    button.setAttribute("aria-label", settings
      ? `Back to the image of seed ${settings.seed}` : "Back to the opened image");
    const image = document.createElement("img");
    image.src = entry.image;
    image.alt = "";
    button.append(this.draw(entry.labels), image);
    button.addEventListener("click", () => this.restore(entry));
    return button;
  }

  draw(labels) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = THUMBNAIL;
    const context = canvas.getContext("2d");
    const image = context.createImageData(THUMBNAIL, THUMBNAIL);
    const place = (i) => Math.floor(((i + 0.5) * this.side) / THUMBNAIL);
    for (let i = 0; i < THUMBNAIL * THUMBNAIL; i++) {
      const label = labels[place(Math.floor(i / THUMBNAIL)) * this.side + place(i % THUMBNAIL)];
      image.data.set([...this.palette[label], 255], i * 4);
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }
}
