// Tells quickly whether two large arrays are the same, after each stroke.

/** A number that is another one, very likely, for other contents. array: typed, of a multiple of 4 bytes. */
export function fingerprint({ buffer, byteOffset, byteLength }) {
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum ^ words[i], 0x01000193);
  return sum;
}
