// Keyboard shortcuts, those that painters' hands know. Off while typing, except to generate.

const PLAIN = {
  b: "brush",
  e: "eraser",
  f: "fill",
  g: "fill",
  "[": "smaller",
  "]": "larger",
};
const WITH_CONTROL = {
  z: "undo",
  "shift+z": "redo",
  y: "redo",
  enter: "generate",
};

/** commands: name -> function. Lives as long as the root is on the page. */
export function listenToKeys(root, commands) {
  const handle = (event) => {
    if (!root.isConnected) return document.removeEventListener("keydown", handle);
    const command = commandOf(event);
    if (!command || (isTyping(event.target) && command !== "generate")) return;
    event.preventDefault();
    commands[command]();
  };
  document.addEventListener("keydown", handle);
}

function commandOf(event) {
  const key = event.key.toLowerCase();
  if (event.altKey) return undefined;
  if (event.ctrlKey || event.metaKey) return WITH_CONTROL[(event.shiftKey ? "shift+" : "") + key];
  return PLAIN[key];
}

function isTyping(element) {
  return element.matches("textarea, select, [contenteditable], input:not([type=range])");
}
