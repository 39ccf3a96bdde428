// What each tool does between pressing and releasing. Points are in pixels of the drawing.

const PEN_ERASER = 32; // bit of `buttons` while a pen is held upside down
const LIGHTEST_PEN = 0.3; // share of the brush's size at no pressure
const GRIP = 14; // CSS pixels around a corner in which it can be gripped

/**
 * Begin what the tool in hand does; null if it does nothing. A gesture has move(point, event),
 * end() and cancel(). bench: { drawing, brush, overlay, viewport, last }; last is where the last
 * stroke ended. event: a pointer's, or a stand-in with at least shiftKey and altKey.
 */
export function begin(bench, point, event) {
  const { brush, drawing } = bench;
  const [x, y] = point.map(Math.floor);
  const region = drawing.regionAt(x, y);
  const tap = (act) => (region === null ? null : new Tap(act));
  switch (event.altKey ? "pick" : brush.tool) {
    case "pick":
      return tap(() => brush.pick(region));
    case "fill":
      return tap(() => drawing.fill(x, y, brush.hand(x)));
    case "replace":
      return tap(() => drawing.recolor(region, brush.region));
    case "rectangle":
      return new Rectangle(bench, point);
    case "lasso":
      return new Lasso(bench, point);
    case "move":
      return Move.of(bench, point);
    default:
      return new Stroke(bench, point, event);
  }
}

/** Acts when released, so that a second finger can still turn it into a zoom. */
class Tap {
  constructor(act) {
    this.end = act;
  }

  move() {}

  cancel() {}
}

class Stroke {
  constructor(bench, point, event) {
    this.bench = bench;
    this.at = event.shiftKey && bench.last ? bench.last : point;
    this.hand = bench.brush.hand(this.at[0]);
    bench.drawing.beginStroke();
    this.move(point, event);
  }

  move(point, event) {
    const { drawing, brush } = this.bench;
    const pressure = event.pointerType === "pen" ? pen(event.pressure) : 1;
    drawing.stroke(this.at, point, {
      ...this.hand,
      size: Math.max(1, Math.round(brush.size * pressure)),
      erases: brush.tool === "eraser" || isPenEraser(event),
    });
    this.at = point;
  }

  end() {
    this.bench.last = this.at;
    this.bench.drawing.endStroke();
  }

  cancel() {
    this.bench.drawing.cancelStroke();
  }
}

class Rectangle {
  constructor(bench, point) {
    Object.assign(this, { bench, from: point, to: point });
  }

  /** With Shift a square. */
  move(point, { shiftKey }) {
    const [dx, dy] = point.map((coordinate, axis) => coordinate - this.from[axis]);
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    this.to = shiftKey
      ? [this.from[0] + Math.sign(dx) * side, this.from[1] + Math.sign(dy) * side]
      : point;
    const [[ax, ay], [bx, by]] = [this.from, this.to];
    this.bench.overlay.outline([[ax, ay], [bx, ay], [bx, by], [ax, by]]);
  }

  end() {
    const { drawing, brush, overlay } = this.bench;
    overlay.outline([]);
    drawing.rectangle(this.from, this.to, brush.hand(this.from[0]));
  }

  cancel() {
    this.bench.overlay.outline([]);
  }
}

class Lasso {
  constructor(bench, point) {
    Object.assign(this, { bench, points: [point] });
  }

  move(point) {
    this.points.push(point);
    this.bench.overlay.outline(this.points);
  }

  end() {
    const { drawing, brush, overlay } = this.bench;
    overlay.outline([]);
    if (this.points.length > 2) drawing.lasso(this.points, brush.hand(this.points[0][0]));
  }

  cancel() {
    this.bench.overlay.outline([]);
  }
}

/** Moves the selected layer, or scales it if one of its corners is gripped. */
class Move {
  static of(bench, point) {
    const box = bench.drawing.lift(bench.brush.region);
    return box && new Move(bench, point, box);
  }

  constructor(bench, point, box) {
    Object.assign(this, { bench, box, from: point });
    const reach = GRIP / bench.viewport.scale;
    this.corner = corners(box).find(([x, y]) => Math.hypot(x - point[0], y - point[1]) < reach);
  }

  move(point, { shiftKey }) {
    const target = this.corner ? this.scaled(point, !shiftKey) : this.moved(point);
    this.bench.drawing.place(target);
    this.bench.overlay.frame(target);
  }

  moved(point) {
    const [dx, dy] = point.map((coordinate, axis) => Math.round(coordinate - this.from[axis]));
    const { left, top, right, bottom } = this.box;
    return { left: left + dx, top: top + dy, right: right + dx, bottom: bottom + dy };
  }

  /** The opposite corner stays where it is. */
  scaled(point, isProportional) {
    const { left, top, right, bottom } = this.box;
    const [x, y] = this.corner;
    const [anchorX, anchorY] = [left + right - x, top + bottom - y];
    let across = (point[0] - anchorX) / (x - anchorX);
    let down = (point[1] - anchorY) / (y - anchorY);
    if (isProportional) across = down = Math.max(across, down);
    return scaledBox(this.box, [anchorX, anchorY], across, down);
  }

  end() {
    this.bench.drawing.endStroke();
  }

  cancel() {
    this.bench.drawing.cancelStroke();
  }
}

/** A rectangle scaled about a point; at least one pixel of it remains. */
export function scaledBox({ left, top, right, bottom }, [x, y], across, down) {
  const near = (edge, anchor, factor) => Math.round(anchor + (edge - anchor) * Math.max(0, factor));
  const box = {
    left: near(left, x, across),
    top: near(top, y, down),
    right: near(right, x, across),
    bottom: near(bottom, y, down),
  };
  box.right = Math.max(box.right, box.left + 1);
  box.bottom = Math.max(box.bottom, box.top + 1);
  return box;
}

export const corners = ({ left, top, right, bottom }) => [
  [left, top], [right, top], [right, bottom], [left, bottom]];

const pen = (pressure) => LIGHTEST_PEN + (1 - LIGHTEST_PEN) * pressure;

export const isPenEraser = (event) =>
  event.pointerType === "pen" && (event.buttons & PEN_ERASER) !== 0;
