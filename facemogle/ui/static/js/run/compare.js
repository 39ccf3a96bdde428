// Two images in one place: hold C for the one before, wipe between both, or see the one before small in a corner.

import { isTyping } from "../canvas/keys.js";

const STEP = 2; // percent that an arrow key moves the handle; with Shift 10

/** What is before: the image that was shown before this one, or one that a person keeps for that. */
export class Compare {
  constructor(panel) {
    this.panel = panel;
    this.stage = panel.querySelector(".stage");
    this.image = panel.querySelector(".stage .before");
    this.inset = panel.querySelector(".inset");
    this.handle = panel.querySelector(".wipe");
    this.toggle = panel.querySelector("[data-command=wipe]");
    this.pin = panel.querySelector("[data-command=pin-before]");
    this.place = 50; // percent of the width, from the left, that shows the image before
    this.now = this.before = null; // data URLs
    this.listen();
    this.show();
  }

  listen() {
    this.toggle.addEventListener("click", () => this.wipe());
    this.inset.addEventListener("click", () => this.wipe());
    this.pin.addEventListener("click", () => this.keep());
    this.handle.addEventListener("pointerdown", (event) => this.handle.setPointerCapture(event.pointerId));
    this.handle.addEventListener("pointermove", (event) => {
      if (this.handle.hasPointerCapture(event.pointerId)) this.drag(event);
    });
    this.handle.addEventListener("keydown", (event) => this.step(event));
    document.addEventListener("keydown", (event) => this.hold(event));
    document.addEventListener("keyup", (event) => {
      if (isC(event)) this.release();
    });
    window.addEventListener("blur", () => this.release());
  }

  /** url: of the image that is shown from now on. */
  set(url) {
    if (!this.isPinned) this.before = this.now;
    this.now = url;
    this.isInset = false;
    this.show();
  }

  /** The wipe on or off. */
  wipe() {
    if (!this.before) return;
    this.isWiping = !this.isWiping;
    this.isInset = false;
    this.show();
  }

  /** The image before, small in a corner, until something changes. */
  setIn() {
    this.isInset = true;
    this.show();
  }

  takeOut() {
    if (!this.isInset) return;
    this.isInset = false;
    this.show();
  }

  /** Let the image that is shown now be the one before, whatever follows; or no more. */
  keep() {
    this.isPinned = !this.isPinned;
    if (this.isPinned) this.before = this.now;
    this.show();
  }

  /** Share of the pixels that are seen to differ between the two images, in [0, 1]. */
  async changed() {
    const [now, before] = await Promise.all([this.now, this.before].map(pixels));
    let count = 0;
    for (let i = 0; i < now.length; i += 4) {
      count += [0, 1, 2].some((channel) => Math.abs(now[i + channel] - before[i + channel]) > SEEN);
    }
    return (4 * count) / now.length;
  }

  drag({ clientX }) {
    const { left, width } = this.stage.getBoundingClientRect();
    this.move((100 * (clientX - left)) / width);
  }

  step(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    this.move(this.place + way * STEP * (event.shiftKey ? 5 : 1));
  }

  move(place) {
    this.place = Math.min(100, Math.max(0, place));
    this.show();
  }

  hold({ key, code, target, ctrlKey, metaKey, altKey, shiftKey }) {
    const isPlain = isC({ key, code }) && !(ctrlKey || metaKey || altKey || shiftKey || isTyping(target));
    if (!isPlain || !this.panel.isConnected) return;
    this.isHeld = true;
    this.show();
  }

  release() {
    this.isHeld = false;
    this.show();
  }

  show() {
    const { before, now, place } = this;
    const isWiping = Boolean(before && this.isWiping);
    const share = this.isHeld ? 100 : isWiping ? place : 0;
    if (before && this.image.src !== before) this.image.src = before;
    this.image.hidden = !before || share === 0;
    this.image.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.inset.hidden = !this.isInset || share > 0;
    if (before) this.inset.firstElementChild.src = before;
    this.handle.hidden = !isWiping;
    this.handle.style.left = `${place}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(place)));
    this.toggle.disabled = !before;
    this.toggle.setAttribute("aria-pressed", String(isWiping));
    this.pin.disabled = !now;
    this.pin.setAttribute("aria-pressed", String(Boolean(this.isPinned)));
  }
}

const SIDE = 128; // pixels at which images are compared
const SEEN = 12; // levels of a colour channel

async function pixels(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, SIDE, SIDE);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

const isC = ({ key, code }) => key.toLowerCase() === "c" || code === "KeyC";
