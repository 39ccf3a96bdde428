// Which pixels a tool covers. Hard edges: a pixel is covered if its centre is.

/**
 * Where the centre of a brush has to lie for its pixels to be symmetric: on a pixel's centre for odd
 * sizes, on a pixel's corner for even ones. Without it, a brush of size 1 would miss every centre.
 */
export function snap(coordinate, size) {
  return size % 2 ? Math.floor(coordinate) + 0.5 : Math.round(coordinate);
}

/**
 * Calls visit(y, left, right) for every row of the area that a round brush sweeps between two points;
 * right is exclusive. The area is convex, so every row is one span.
 */
export function sweep(ax, ay, bx, by, radius, side, visit) {
  const top = Math.max(0, Math.ceil(Math.min(ay, by) - radius - 0.5));
  const bottom = Math.min(side - 1, Math.floor(Math.max(ay, by) + radius - 0.5));
  const quad = sides(ax, ay, bx, by, radius);
  for (let y = top; y <= bottom; y++) {
    const span = { left: Infinity, right: -Infinity };
    widenByDisc(span, ax, ay, radius, y + 0.5);
    widenByDisc(span, bx, by, radius, y + 0.5);
    for (const [from, to] of quad) widenByEdge(span, from, to, y + 0.5);
    const left = Math.max(0, Math.ceil(span.left - 0.5));
    const right = Math.min(side, Math.floor(span.right - 0.5) + 1);
    if (left < right) visit(y, left, right);
  }
}

/** Calls visit(y, left, right) for the spans of the connected area of one label around (x, y). */
export function flood(labels, side, x, y, visit) {
  const label = labels[y * side + x];
  const seen = new Uint8Array(labels.length);
  const open = (i) => labels[i] === label && !seen[i];
  const seeds = [[x, y]];
  while (seeds.length) {
    const [seedX, row] = seeds.pop();
    const start = row * side;
    if (!open(start + seedX)) continue;
    let left = seedX;
    let right = seedX + 1;
    while (left > 0 && open(start + left - 1)) left--;
    while (right < side && open(start + right)) right++;
    seen.fill(1, start + left, start + right);
    visit(row, left, right);
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= side) continue;
      for (let i = left; i < right; i++) {
        const entersRun = i === left || !open(next * side + i - 1);
        if (open(next * side + i) && entersRun) seeds.push([i, next]);
      }
    }
  }
}

/** Calls visit(y, left, right) for the rows of a rectangle between two opposite corners. */
export function rectangle(ax, ay, bx, by, side, visit) {
  const [left, right] = covered(Math.min(ax, bx), Math.max(ax, bx), side);
  const [top, bottom] = covered(Math.min(ay, by), Math.max(ay, by), side);
  if (left >= right) return;
  for (let y = top; y < bottom; y++) visit(y, left, right);
}

/**
 * Calls visit(y, left, right) for the spans inside a closed polygon of [x, y] points. Where its
 * outline crosses itself, inside and outside alternate.
 */
export function polygon(points, side, visit) {
  const [top, bottom] = covered(
    Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y)), side);
  for (let y = top; y < bottom; y++) {
    const crossings = [];
    points.forEach(([x0, y0], k) => {
      const [x1, y1] = points[(k + 1) % points.length];
      if (y0 <= y + 0.5 === y1 <= y + 0.5) return;
      crossings.push(x0 + ((y + 0.5 - y0) / (y1 - y0)) * (x1 - x0));
    });
    crossings.sort((a, b) => a - b);
    for (let k = 0; k < crossings.length; k += 2) {
      const [left, right] = covered(crossings[k], crossings[k + 1], side);
      if (left < right) visit(y, left, right);
    }
  }
}

/**
 * Turns paint(y, left, right, region) into a visit(y, left, right) that paints both a span and its
 * mirror image. What lies on the side where the stroke began gets the region, the other side its
 * partner; so the result is symmetric even where both overlap.
 *
 * axis: x of the vertical axis, a whole number, so that it runs between pixels. isLeft: the stroke
 * began left of it.
 */
export function mirrored(paint, { axis, isLeft, side }, region, partner) {
  const [onLeft, onRight] = isLeft ? [region, partner] : [partner, region];
  const split = (y, from, to) => {
    const left = Math.max(0, from);
    const right = Math.min(side, to);
    if (left < Math.min(right, axis)) paint(y, left, Math.min(right, axis), onLeft);
    if (Math.max(left, axis) < right) paint(y, Math.max(left, axis), right, onRight);
  };
  return (y, left, right) => {
    split(y, left, right);
    split(y, 2 * axis - right, 2 * axis - left);
  };
}

/** The pixels whose centres lie between two coordinates: [first, end). */
const covered = (low, high, side) => [
  Math.max(0, Math.ceil(low - 0.5)), Math.min(side, Math.ceil(high - 0.5))];

/** Edges of the rectangle between the two ends of a stroke. */
function sides(ax, ay, bx, by, radius) {
  const length = Math.hypot(bx - ax, by - ay);
  if (length === 0) return [];
  const nx = (-(by - ay) / length) * radius;
  const ny = ((bx - ax) / length) * radius;
  const corners = [[ax + nx, ay + ny], [bx + nx, by + ny], [bx - nx, by - ny], [ax - nx, ay - ny]];
  return corners.map((corner, i) => [corner, corners[(i + 1) % 4]]);
}

function widenByDisc(span, x, y, radius, row) {
  const square = radius * radius - (row - y) * (row - y);
  if (square < 0) return;
  const half = Math.sqrt(square);
  span.left = Math.min(span.left, x - half);
  span.right = Math.max(span.right, x + half);
}

function widenByEdge(span, [x0, y0], [x1, y1], row) {
  if (y0 === y1 || row < Math.min(y0, y1) || row > Math.max(y0, y1)) return;
  const x = x0 + ((row - y0) / (y1 - y0)) * (x1 - x0);
  span.left = Math.min(span.left, x);
  span.right = Math.max(span.right, x);
}
