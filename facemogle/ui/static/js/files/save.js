// Hands a file to the person.

const PATIENCE = 60_000; // milliseconds until the content is let go

/** blob: its content. */
export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Safari reads it some time after the click; what is gone by then is not saved.
  setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE);
}
