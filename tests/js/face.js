// A small stack of regions for the tests of the drawing, and how to read it.

import { Drawing } from "../../facemogle/ui/static/js/canvas/drawing.js";
import { SIDE } from "../../facemogle/ui/static/js/layers/layers.js";

export const [BACKGROUND, SKIN, NOSE, L_EYE, R_EYE, HAIR] = [0, 1, 2, 4, 5, 13];

const order = [
  BACKGROUND, 18, 17, 16, 8, 9, SKIN, 10, 11, 12, NOSE, L_EYE, R_EYE, 6, 7, 3, HAIR, 15, 14,
];
const beneath = { [NOSE]: SKIN, [L_EYE]: SKIN, [R_EYE]: SKIN };
const partners = order.map((_, region) => region);
for (const [a, b] of [[4, 5], [6, 7], [8, 9]]) [partners[a], partners[b]] = [b, a];
export const PARTNERS = partners;

/** An empty drawing with the layers of the page. */
export const blank = () => new Drawing({ order, beneath, across: { [HAIR]: SKIN } }, PARTNERS);

/** Skin on background, with a left eye (right in the image) at x 300..340, y 200..220. */
export function face() {
  const drawing = blank();
  drawing.rectangle([100, 100], [412, 412], { region: SKIN });
  drawing.rectangle([300, 200], [340, 220], { region: L_EYE });
  return drawing;
}

export const at = (drawing, x, y) => drawing.labels[y * SIDE + x];

export const count = (drawing, region) => drawing.labels.filter((label) => label === region).length;

/** The label map with its sides exchanged about x = axis; null where that lies outside. */
export const reflection = (labels, axis) =>
  Array.from(labels, (_, i) => {
    const x = 2 * axis - 1 - (i % SIDE);
    return x < 0 || x >= SIDE ? null : PARTNERS[labels[i - (i % SIDE) + x]];
  });
