// What each tool does between pressing and releasing. Points are in pixels of the drawing.

const PEN_ERASER = 32; // bit of `buttons` while a pen is held upside down
const LIGHTEST_PEN = 0.3; // share of the brush's size at no pressure
const GRIP = 14; // CSS pixels around a corner in which it can be gripped

/**
 * Begin what the tool in hand does; null if it does nothing. A gesture has move(point, event),
 * end() and cancel(). desk: { drawing, brush, overlay, viewport, last }; last is where the last
 * stroke ended. event: a pointer's, or a stand-in with at least shiftKey and altKey.
 */
export function begin(desk, point, event) {
  const { brush, drawing } = desk;
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
      return new Rectangle(desk, point);
    case "lasso":
      return new Lasso(desk, point);
    case "move":
      return Move.of(desk, point);
    default:
      return new Stroke(desk, point, event);
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
  constructor(desk, point, event) {
    this.desk = desk;
    this.at = event.shiftKey && desk.last ? desk.last : point;
    this.hand = desk.brush.hand(this.at[0]);
    desk.drawing.beginStroke();
    this.move(point, event);
  }

  move(point, event) {
    const { drawing, brush } = this.desk;
    const pressure = event.pointerType === "pen" ? pen(event.pressure) : 1;
    drawing.stroke(this.at, point, {
      ...this.hand,
      size: Math.max(1, Math.round(brush.size * pressure)),
      erases: brush.tool === "eraser" || isPenEraser(event),
    });
    this.at = point;
  }

  end() {
    this.desk.last = this.at;
    this.desk.drawing.endStroke();
  }

  cancel() {
    this.desk.drawing.cancelStroke();
  }
}

class Rectangle {
  constructor(desk, point) {
    Object.assign(this, { desk, from: point, to: point });
  }

  /** With Shift a square. */
  move(point, { shiftKey }) {
    const [dx, dy] = point.map((coordinate, axis) => coordinate - this.from[axis]);
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    this.to = shiftKey
      ? [this.from[0] + Math.sign(dx) * side, this.from[1] + Math.sign(dy) * side]
      : point;
    const [[ax, ay], [bx, by]] = [this.from, this.to];
    this.desk.overlay.outline([[ax, ay], [bx, ay], [bx, by], [ax, by]]);
  }

  end() {
    const { drawing, brush, overlay } = this.desk;
    overlay.outline([]);
    drawing.rectangle(this.from, this.to, brush.hand(this.from[0]));
  }

  cancel() {
    this.desk.overlay.outline([]);
  }
}

class Lasso {
  constructor(desk, point) {
    Object.assign(this, { desk, points: [point] });
  }

  move(point) {
    this.points.push(point);
    this.desk.overlay.outline(this.points);
  }

  end() {
    const { drawing, brush, overlay } = this.desk;
    overlay.outline([]);
    if (this.points.length > 2) drawing.lasso(this.points, brush.hand(this.points[0][0]));
  }

  cancel() {
    this.desk.overlay.outline([]);
  }
}

/** Moves the layer in hand, or scales it if one of its corners is gripped. */
class Move {
  static of(desk, point) {
    const box = desk.drawing.lift(desk.brush.region);
    return box && new Move(desk, point, box);
  }

  constructor(desk, point, box) {
    Object.assign(this, { desk, box, from: point });
    const reach = GRIP / desk.viewport.scale;
    this.corner = corners(box).find(([x, y]) => Math.hypot(x - point[0], y - point[1]) < reach);
  }

  move(point, { shiftKey }) {
    const target = this.corner ? this.scaled(point, !shiftKey) : this.moved(point);
    this.desk.drawing.place(target);
    this.desk.overlay.frame(target);
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
    this.desk.drawing.endStroke();
  }

  cancel() {
    this.desk.drawing.cancelStroke();
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
