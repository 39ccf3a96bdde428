// A face that nobody has drawn: a template, mirrored or not and a little out of shape, and a prompt.

import { SIDE } from "../layers/layers.js";

const TURN = 0.06; // radians
const GROWTH = 0.07;
const SHIFT = 14; // pixels

/** labels: of a template. partners: region -> its mirror partner. random(): in [0, 1). */
export function varied(labels, partners, random = Math.random) {
  const between = (limit) => (2 * random() - 1) * limit;
  const isMirrored = random() < 0.5;
  const angle = between(TURN);
  const [wide, high] = [1 + between(GROWTH), 1 + between(GROWTH)];
  const [dx, dy] = [between(SHIFT), between(SHIFT)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = SIDE / 2;
  const inside = (coordinate) => Math.min(SIDE - 1, Math.max(0, Math.floor(coordinate)));
  return labels.map((_, i) => {
    const [x, y] = [(i % SIDE) + 0.5 - middle - dx, Math.floor(i / SIDE) + 0.5 - middle - dy];
    // Beyond the edge the drawing goes on as it is there: hair and clothes do not end.
    const column = inside(middle + (cos * x + sin * y) / wide);
    const row = inside(middle + (cos * y - sin * x) / high);
    const label = labels[row * SIDE + (isMirrored ? SIDE - 1 - column : column)];
    return isMirrored ? partners[label] : label;
  });
}

/** words: phrases by kind, as of facemogle.ui.start. */
export function randomPrompt({ people, skin, hair, beards, worn }, random = Math.random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const person = pick(people) ?? "a face";
  const extras = person.endsWith("woman") ? worn : [...worn, ...beards, ...beards];
  const extra = random() < 0.4 ? pick(extras) : undefined;
  return [[person, pick(skin)].filter(Boolean).join(" with "), pick(hair), extra].filter(Boolean).join(", ");
}
