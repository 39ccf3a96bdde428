// Where the parts of a chart lie.

/** Smallest 1, 2, 4 or 8 times a power of ten that is not below a value: its quarters are short. */
export function niceTop(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 8, 10].find((factor) => factor * power >= value) * power;
}

/** Move labels apart: places from the top down, each at least a height from the last, none below
 * bottom as long as they fit. places: wanted, ascending. */
export function labelPlaces(places, height, bottom) {
  const result = [];
  for (const place of places) result.push(Math.max(place, (result.at(-1) ?? -Infinity) + height));
  for (let i = result.length - 1, limit = bottom; i >= 0; i--, limit -= height) {
    result[i] = Math.min(result[i], limit);
  }
  return result;
}
