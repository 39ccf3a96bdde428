// Bytes <-> text, compressed or not.

const MOST = 2 ** 26; // bytes: the gate's weights of 100 steps at 2048x2048 pixels

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
export async function deflate(bytes) {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** The bytes that were compressed. Fails if they are too many: a small file must not fill the memory. */
export async function inflate(bytes) {
  const parts = [];
  let length = 0;
  for await (const part of chunks(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")))) {
    length += part.length;
    if (length > MOST) throw new Error(`it unpacks to more than ${MOST / 2 ** 20} MB`);
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** What a stream gives; left early, it is closed. Safari cannot iterate over one. */
async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.cancel().catch(() => {}); // of one that failed: known already
  }
}
