// The last pictures with their masks; a click brings both back, and the settings too.

const KEPT = 15;
const THUMBNAIL = 56;

export class HistoryStrip {
  /** palette: [[r, g, b], ...] by region. restore(entry): put it back on the page. */
  constructor(list, { palette, side, restore }) {
    Object.assign(this, { list, palette, side, restore });
    this.entries = [];
  }

  /** entry: Accepted. The newest comes first, the oldest goes. */
  add(entry) {
    const button = document.createElement("button");
    button.type = "button";
    const { settings } = entry;
    button.title = settings ? `Seed ${settings.seed}. ${settings.prompt}` : "Not made here";
    button.setAttribute("aria-label", settings
      ? `Back to the picture of seed ${settings.seed}` : "Back to the opened picture");
    const image = document.createElement("img");
    image.src = entry.picture;
    image.alt = "";
    button.append(this.draw(entry.labels), image);
    button.addEventListener("click", () => this.restore(entry));
    this.list.prepend(button);
    this.entries.unshift(entry);
    if (this.entries.length > KEPT) {
      this.entries.pop();
      this.list.lastElementChild.remove();
    }
    this.list.hidden = false;
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
