// Rows of layers dragged to another place in the stack: by their name, with a finger by their swatch.

const EDGE = 20; // CSS pixels at the list's ends in which it is pushed along
const SLACK = 5; // CSS pixels that a click may wander

export class LayerDrag {
  /** drop(region, other, isAbove): a row was let go over (or under) another one. */
  constructor(list, { drop }) {
    Object.assign(this, { list, drop });
    this.held = null; // { row, x, y, id } while a row may be dragged
    this.target = null; // { row, isAbove } where it would go
    list.addEventListener("pointerdown", (event) => this.press(event));
    list.addEventListener("pointermove", (event) => this.move(event));
    list.addEventListener("pointerup", () => this.release());
    list.addEventListener("pointercancel", () => this.end());
    list.addEventListener("keydown", (event) => event.key === "Escape" && this.end());
  }

  press(event) {
    const grip = event.target.closest(`[data-region] ${event.pointerType === "touch" ? "i" : ".name"}`);
    if (!grip || event.button > 0) return;
    this.held = { row: grip.closest(".row"), x: event.clientX, y: event.clientY, id: event.pointerId };
  }

  move({ pointerId, clientX, clientY }) {
    const { held } = this;
    if (pointerId !== held?.id) return;
    if (Math.hypot(clientX - held.x, clientY - held.y) < SLACK && !this.isDragging) return;
    if (!this.isDragging) {
      this.isDragging = true;
      this.list.setPointerCapture(pointerId); // so the click that follows hits no button
      held.row.classList.add("dragged");
    }
    this.scroll(clientY);
    this.aim(document.elementFromPoint(clientX, clientY)?.closest(".row[data-region]"), clientX, clientY);
  }

  /** At the list's ends more of it comes into sight. */
  scroll(y) {
    const { top, bottom } = this.list.getBoundingClientRect();
    if (y < top + EDGE) this.list.scrollTop -= EDGE;
    if (y > bottom - EDGE) this.list.scrollTop += EDGE;
  }

  aim(row, x, y) {
    this.clearTarget();
    if (!row || row === this.held.row || !this.list.contains(row)) return;
    const { left, top, width, height } = row.getBoundingClientRect();
    const isAcross = getComputedStyle(this.list).display === "grid"; // rows beside each other
    const isAbove = isAcross ? x < left + width / 2 : y < top + height / 2;
    row.classList.add(isAbove ? "drop-above" : "drop-below");
    this.target = { row, isAbove };
  }

  release() {
    const { held, target } = this;
    this.end();
    if (!target) return;
    const region = ({ dataset }) => Number(dataset.region);
    this.drop(region(held.row), region(target.row), target.isAbove);
  }

  end() {
    this.clearTarget();
    this.held?.row.classList.remove("dragged");
    this.held = null;
    this.isDragging = false;
  }

  clearTarget() {
    this.target?.row.classList.remove("drop-above", "drop-below");
    this.target = null;
  }
}
