// Bytes <-> text, compressed or not.

export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Compress bytes or a Blob to the zlib format, as PNG and Python's zlib have it. */
export function deflate(bytes) {
  return through(bytes, new CompressionStream("deflate"));
}

export function inflate(bytes) {
  return through(bytes, new DecompressionStream("deflate"));
}

async function through(bytes, stream) {
  const response = new Response(new Blob([bytes]).stream().pipeThrough(stream));
  return new Uint8Array(await response.arrayBuffer());
}
