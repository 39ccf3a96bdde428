// Weights as colours: the perceptually uniform "inferno", from dark (low) to bright (high), and for
// signed differences a diverging map, from blue (less) over near-white (equal) to red (more).

const INFERNO = [
  [0, 0, 4], [27, 12, 65], [74, 12, 107], [120, 28, 109], [165, 44, 96], [207, 68, 70],
  [237, 105, 37], [251, 155, 6], [247, 209, 61], [252, 255, 164],
];
const DIVERGING = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [247, 247, 247],
  [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
];

/** 256 colours each as 32-bit pixels. */
export const SEQUENTIAL_COLORS = pixelsOf(INFERNO);
export const DIVERGING_COLORS = pixelsOf(DIVERGING);

/** The same as CSS gradients, for legends. */
export const SEQUENTIAL_GRADIENT = gradientOf(INFERNO);
export const DIVERGING_GRADIENT = gradientOf(DIVERGING);

/** Values as pixels, low and high being the values of the first and the last colour. */
export function pixelsOfMap(map, { low, high, colors }) {
  const scale = 255 / Math.max(high - low, Number.EPSILON);
  return Uint32Array.from(map, (value) => colors[Math.round((value - low) * scale)]);
}

/** Opaque [red, green, blue] as a 32-bit pixel. */
export function pixelOf([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Draw maps of pixels side by side on a canvas, a pixel per token, a clear column between them. */
export function drawPixels(canvas, maps, [rows, columns]) {
  canvas.width = maps.length * (columns + 1) - 1;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  maps.forEach((pixels, i) => {
    const image = context.createImageData(columns, rows);
    new Uint32Array(image.data.buffer).set(pixels);
    context.putImageData(image, i * (columns + 1), 0);
  });
}

function pixelsOf(stops) {
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return pixelOf(stops[low].map((value, channel) =>
      Math.round(value + (stops[low + 1][channel] - value) * (place - low))));
  });
}

function gradientOf(stops) {
  return `linear-gradient(to right, ${stops.map((color) => `rgb(${color.join(" ")})`).join(", ")})`;
}
