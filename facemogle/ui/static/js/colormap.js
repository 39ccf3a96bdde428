// Weights as colours: the perceptually uniform "inferno", from dark (low) to bright (high).

const STOPS = [
  [0, 0, 4], [27, 12, 65], [74, 12, 107], [120, 28, 109], [165, 44, 96], [207, 68, 70],
  [237, 105, 37], [251, 155, 6], [247, 209, 61], [252, 255, 164],
];

/** 256 colours as 32-bit pixels. */
export const COLORS = Uint32Array.from({ length: 256 }, (_, level) => {
  const place = (level / 255) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const [red, green, blue] = STOPS[low].map((value, channel) =>
    Math.round(value + (STOPS[low + 1][channel] - value) * (place - low)));
  return (255 << 24) | (blue << 16) | (green << 8) | red;
});

/** The same as a CSS gradient, for legends. */
export const GRADIENT = `linear-gradient(to right, ${STOPS.map((c) => `rgb(${c.join(" ")})`).join(", ")})`;

/** Draw one map of weights on a canvas, a pixel per token. */
export function drawMap(canvas, weights, [rows, columns], { low, high }) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const scale = 255 / Math.max(high - low, Number.MIN_VALUE);
  weights.forEach((weight, i) => (pixels[i] = COLORS[Math.round((weight - low) * scale)]));
  context.putImageData(image, 0, 0);
}
