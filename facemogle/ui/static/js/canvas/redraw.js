// Draws what is not urgent: after the next frame, at most once; what is not seen a while later.

const UNSEEN = 400; // milliseconds

export class Redraw {
  /** element: what is drawn. draw(): brings it up to date. */
  constructor(element, draw) {
    this.draw = draw;
    this.isDue = this.isPlanned = this.isSeen = false;
    new IntersectionObserver((entries) => {
      this.isSeen = entries.at(-1).isIntersecting;
      this.plan();
    }).observe(element);
  }

  /** Something has changed. */
  ask() {
    this.isDue = true;
    this.plan();
  }

  /** What was asked for has been drawn by other means. */
  settle() {
    this.isDue = false;
    clearTimeout(this.timer);
  }

  plan() {
    clearTimeout(this.timer);
    if (!this.isDue || this.isPlanned) return;
    // A page may be printed or saved as a whole.
    if (!this.isSeen) this.timer = setTimeout(() => this.redraw(), UNSEEN);
    else {
      this.isPlanned = true;
      // A frame's callback runs before the frame is shown, and what it does would delay it.
      requestAnimationFrame(() => setTimeout(() => this.redraw()));
    }
  }

  redraw() {
    this.isPlanned = false;
    if (this.isDue) this.draw();
  }
}
