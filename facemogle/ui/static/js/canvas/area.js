// Rectangles of pixels, { left, top, right, bottom }; right and bottom are exclusive.

/** The smallest rectangle around both; null is the empty one. */
export function union(a, b) {
  if (!a || !b) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** The part inside a square image; may be empty. */
export function clip({ left, top, right, bottom }, side) {
  return {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.min(side, right),
    bottom: Math.min(side, bottom),
  };
}
