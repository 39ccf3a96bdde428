// Writes PNG files byte by byte: a browser's canvas cannot write indexed ones.

import { deflate } from "./codec.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const INDEXED = 3;
const TRUECOLOR = 2;

/** A label map as an indexed PNG: the indices are the labels. palette: [[r, g, b], ...]. */
export function indexedPNG(labels, side, palette) {
  const table = chunk("PLTE", Uint8Array.from(palette.flat()));
  return png(labels, side, 1, INDEXED, [table]);
}

/** A label map as a PNG of colours. */
export function colorPNG(labels, side, palette) {
  const pixels = new Uint8Array(labels.length * 3);
  labels.forEach((label, i) => pixels.set(palette[label], i * 3));
  return png(pixels, side, 3, TRUECOLOR, []);
}

async function png(pixels, side, channels, colorType, extra) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, side);
  view.setUint32(4, side);
  header.set([8, colorType], 8);
  const data = await deflate(filtered(pixels, side * channels));
  const chunks = [chunk("IHDR", header), ...extra, chunk("IDAT", data), chunk("IEND", new Uint8Array())];
  return new Uint8Array(await new Blob([Uint8Array.from(SIGNATURE), ...chunks]).arrayBuffer());
}

/** Every row as the difference from the row above it (PNG's filter 2): flat areas become zeros. */
function filtered(pixels, stride) {
  const rows = pixels.length / stride;
  const result = new Uint8Array(pixels.length + rows);
  for (let y = 0; y < rows; y++) {
    const out = y * (stride + 1);
    result[out] = 2;
    for (let x = 0; x < stride; x++) {
      const above = y ? pixels[(y - 1) * stride + x] : 0;
      result[out + 1 + x] = pixels[y * stride + x] - above;
    }
  }
  return result;
}

function chunk(type, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set([...type].map((character) => character.charCodeAt(0)), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, checksum(bytes.subarray(4, data.length + 8)));
  return bytes;
}

/** CRC-32 as PNG wants it. */
function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
