// Gestures that move the paper and do not paint.

/** Drags the paper along. Works on the stage, as the drawing moves under the pointer. */
export class Pan {
  constructor(viewport, { clientX, clientY }) {
    Object.assign(this, { viewport, clientX, clientY });
  }

  move(_, { clientX, clientY }) {
    this.viewport.pan(clientX - this.clientX, clientY - this.clientY);
    Object.assign(this, { clientX, clientY });
  }

  end() {}

  cancel() {}
}

/** Two fingers: their distance zooms, their middle pans. */
export class Pinch {
  constructor(viewport, fingers) {
    Object.assign(this, { viewport, ...span(fingers) });
  }

  move(fingers) {
    if (fingers.length < 2) return;
    const { middle, length } = span(fingers);
    this.viewport.pan(middle[0] - this.middle[0], middle[1] - this.middle[1]);
    this.viewport.zoomAt(length / this.length, middle);
    Object.assign(this, { middle, length });
  }

  cancel() {}
}

const span = ([[ax, ay], [bx, by]]) => ({
  middle: [(ax + bx) / 2, (ay + by) / 2],
  length: Math.max(1, Math.hypot(ax - bx, ay - by)),
});
