// Brings an image together with a mask of a person's own: a file, or what is drawn.

import { inflate, fromBase64 } from "./codec.js";
import { takeFile, thumbnail } from "./files.js";
import { SIDE } from "../layers/layers.js";
import { indexedPNG } from "./png.js";

export class Pair {
  /**
   * readPair(image, mask): asks the server about two files; answers { image, labels, notes } or
   * { error }, or nothing if it failed. adopt(): takes them, as Runner does.
   */
  constructor(dialog, { drawing, palette, readPair, adopt, maxBytes, tell }) {
    Object.assign(this, { dialog, drawing, palette, readPair, adopt, maxBytes, tell });
    const find = (selector) => dialog.querySelector(selector);
    this.reason = find(".reason");
    this.submit = find("[data-command=pair-up]");
    this.slots = ["image", "mask"].map((name) => find(`[data-command=pair-${name}]`));
    this.slots.forEach((slot, place) => {
      const field = takeFile(find(`[name=${slot.dataset.command}]`), (file) => this.choose(place, file));
      slot.addEventListener("click", () => field.click());
    });
    find(".dismiss").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this.submit.addEventListener("click", () => this.use());
  }

  open() {
    this.files = [null, null]; // image and mask; without a mask's, the drawing
    this.slots.forEach((_, place) => this.showSlot(place));
    thumbnail(this.slots[1].querySelector("canvas"), this.drawing.labels, this.palette);
    this.say("");
    this.dialog.showModal();
  }

  choose(place, file) {
    this.files[place] = file;
    this.showSlot(place);
    this.say("");
  }

  showSlot(place) {
    const [slot, file] = [this.slots[place], this.files[place]];
    const image = slot.querySelector("img");
    URL.revokeObjectURL(image.src);
    image.hidden = !file;
    if (file) image.src = URL.createObjectURL(file);
    slot.querySelector("b").textContent =
      file?.name ?? ["Choose the image…", "The drawing. Choose another mask…"][place];
    this.submit.disabled = !this.files[0];
  }

  async use() {
    const [image, own] = this.files;
    const mask = own ?? new File([await indexedPNG(this.drawing.labels, SIDE, this.palette)], "drawing.png");
    if (image.size + mask.size > this.maxBytes) {
      return this.say(`Both files have more than ${Math.floor(this.maxBytes / 2 ** 20)} MB. Save them smaller.`);
    }
    this.submit.disabled = true;
    const answer = await this.readPair(image, mask);
    this.submit.disabled = false;
    if (!answer) return this.say("They could not be sent to the server. Try again.");
    if (answer.error) return this.say(answer.error);
    this.dialog.close();
    this.adopt({ image: answer.image, labels: await inflate(fromBase64(answer.labels)) });
    this.tell([`Opened ${image.name} with its mask.`, ...answer.notes].join(" "));
  }

  say(reason) {
    this.reason.textContent = reason;
    this.reason.hidden = !reason;
  }
}
