// Which pixels a brush or a fill covers. Hard edges: a pixel is covered or not.

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
