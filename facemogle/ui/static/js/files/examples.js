// Small changes of a face, to show what an edit is. Each works on whatever face is drawn.

import { SIDE } from "../layers/layers.js";

const [SKIN, GLASSES, EYES, BROWS, MOUTH, UPPER_LIP, LOWER_LIP, HAIR] = [1, 3, [4, 5], [6, 7], 10, 11, 12, 13];
const COVERED_BY_HAIR = [0, 8, 9, 15, 16, 17, 18]; // what long hair may hide: no part of the face

/** change(layers) returns whether the face has what it takes; regions: whose own pixels it moves. */
export const EXAMPLES = [
  { title: "Open the mouth", change: openMouth, regions: [LOWER_LIP] },
  { title: "Raise the brows", change: raiseBrows, regions: BROWS },
  { title: "Add glasses", change: addGlasses, regions: [] },
  { title: "Longer hair", change: lengthenHair, regions: [] },
];

function openMouth(layers) {
  const [upper, lower] = [UPPER_LIP, LOWER_LIP].map((region) => layers.cut(region));
  if (!upper.box || !lower.box) return false;
  const width = upper.box.right - upper.box.left;
  const down = Math.round(width * 0.28);
  move(layers, LOWER_LIP, lower, down);
  const middle = [(upper.box.left + upper.box.right) / 2, (upper.box.bottom + lower.box.top + down) / 2];
  const inside = ellipse(middle, width * 0.42, down * 0.75);
  const isLip = (i) => [UPPER_LIP, LOWER_LIP].includes(layers.labels[i]);
  add(layers, MOUTH, (x, y, i) => inside(x, y) && !isLip(i));
  return true;
}

function raiseBrows(layers) {
  const brows = BROWS.map((region) => [region, layers.cut(region)]).filter(([, { box }]) => box);
  for (const [region, cut] of brows) move(layers, region, cut, -Math.round(SIDE * 0.035));
  return brows.length > 0;
}

function addGlasses(layers) {
  const eyes = EYES.map((region) => layers.cut(region)).filter(({ box }) => box);
  if (eyes.length < 2) return false;
  const middles = eyes.map(({ box }) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2]);
  const apart = Math.hypot(middles[0][0] - middles[1][0], middles[0][1] - middles[1][1]);
  const lenses = middles.map((middle) => ellipse(middle, apart * 0.42, apart * 0.34));
  const [left, right] = [...middles].sort(([a], [b]) => a - b);
  const isBridge = (x, y) => {
    const share = (x - left[0]) / (right[0] - left[0]);
    return share > 0 && share < 1 && Math.abs(y - left[1] - share * (right[1] - left[1])) < apart * 0.04;
  };
  const isEye = (i) => EYES.includes(layers.labels[i]);
  add(layers, GLASSES, (x, y, i) => (lenses.some((has) => has(x, y)) || isBridge(x, y)) && !isEye(i));
  return true;
}

/** Two strands at both sides of the face, round at their upper ends, down to the image's end. */
function lengthenHair(layers) {
  const [{ box: hair }, { box: face }] = [HAIR, SKIN].map((region) => layers.cut(region));
  if (!hair || !face) return false;
  const [width, height] = [face.right - face.left, face.bottom - face.top];
  const thick = width * 0.2;
  const middle = face.bottom - height * 0.1;
  const strands = [face.left - thick * 0.2, face.right + thick * 0.2].map((x) =>
    [x, ellipse([x, middle], thick, height * 0.7)]);
  const isStrand = (x, y) => strands.some(([place, isUpper]) =>
    (y < middle ? isUpper(x, y) : Math.abs(x - place) < thick));
  add(layers, HAIR, (x, y, i) => isStrand(x, y) && COVERED_BY_HAIR.includes(layers.labels[i]));
  return true;
}

function ellipse([x0, y0], rx, ry) {
  return (x, y) => ((x - x0) / rx) ** 2 + ((y - y0) / ry) ** 2 < 1;
}

/** Move a layer's own pixels down; what lies beneath shows where it was. */
function move(layers, region, { cells, box }, down) {
  const area = {
    left: box.left, right: box.right,
    top: Math.max(0, box.top - Math.abs(down)), bottom: Math.min(SIDE, box.bottom + Math.abs(down)),
  };
  const had = (x, y) => y >= down && y - down < SIDE && cells[(y - down) * SIDE + x] === 1;
  layers.put(region, area, had);
}

/** Paint a region where has(x, y, i), over everything but itself. */
function add(layers, region, has) {
  const { labels } = layers;
  const cells = labels.map((_, i) => Number(has((i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5, i)));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) if (cells[y * SIDE + x]) layers.paint(y, x, x + 1, region);
  }
}
