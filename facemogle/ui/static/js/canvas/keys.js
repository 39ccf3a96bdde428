// Keyboard shortcuts, those that painters' hands know. Off while typing, but for a few.

/** [title, [[keys as shown, what they do, command, keys as the browser tells them]]] */
const SHORTCUTS = [
  ["Tools", [
    ["B", "Brush", "brush", ["b"]],
    ["E", "Eraser", "eraser", ["e"]],
    ["F", "Fill an area", "fill", ["f"]],
    ["R", "Replace a region everywhere", "replace", ["r"]],
    ["U", "Rectangle", "rectangle", ["u"]],
    ["L", "Lasso", "lasso", ["l"]],
    ["V", "Move or scale the layer", "move", ["v"]],
    ["I", "Pick the region under the pointer", "pick", ["i"]],
    ["M", "Mirror painting on or off", "mirror", ["m"]],
    ["[ and ]", "Smaller and larger brush", "smaller", ["["]],
    ["", "", "larger", ["]"]],
  ]],
  ["Layers", [
    ["Alt+] and Alt+[", "Layer above and below", "layerAbove", ["alt+]"]],
    ["", "", "layerBelow", ["alt+["]],
    ["Shift+Alt+] and [", "Move the layer up and down", "raise", ["alt+shift+]"]],
    ["", "", "lower", ["alt+shift+["]],
    ["Q", "The last two layers in turn", "lastLayer", ["q"]],
    ["Shift+H", "Flip the layer", "flip", ["shift+h"]],
    ["Shift+C", "Clear the layer", "clear", ["shift+c"]],
  ]],
  ["View and image", [
    ["Ctrl+0", "Fit the drawing", "fit", ["control+0"]],
    ["Ctrl+1", "100 %", "actual", ["control+1"]],
    ["Ctrl+Z", "Undo", "undo", ["control+z"]],
    ["Ctrl+Shift+Z or Ctrl+Y", "Redo", "redo", ["control+shift+z", "control+y"]],
    ["Ctrl+Enter", "Generate", "generate", ["control+enter"]],
    ["Shift+X", "Stop", "stop", ["shift+x"]],
    ["G", "The selected expert's map over the image", "map", ["g"]],
    ["W", "Wipe between the previous image and this one", "wipe", ["w"]],
    ["Ctrl+S", "Save the project", "saveProject", ["control+s"]],
    ["?", "This sheet", "help", ["?", "shift+?"]],
  ]],
];

const HELD = ["Keys to hold", [
  ["C", "The previous image"],
  ["Alt", "Pick the region under the pointer"],
  ["Space", "Pan by dragging"],
]];

const HANDS = ["With the pointer", [
  ["Shift+click", "Straight line from the last point"],
  ["Wheel", "Zoom; with Ctrl: brush size"],
  ["Middle button", "Pan"],
  ["Two fingers", "Zoom and pan"],
  ["Drag a row", "Move its layer up or down; with a finger by its colour"],
]];

const ON_STAGE = ["Canvas in focus", [
  ["Arrows", "Steer the brush; with Shift by 1 pixel"],
  ["Enter", "Press; again to release"],
  ["Arrows, + and −", "Move tool: nudge and scale"],
  ["Escape", "Drop what is begun"],
]];

const ON_ROW = ["Row of a layer in focus", [
  ["Up and down", "Take the layer above or below"],
  ["Alt+up and down", "Move the layer itself"],
  ["Tab", "To its marks, opacity and strength"],
]];

const COMMANDS = new Map(SHORTCUTS.flatMap(([, rows]) => rows).flatMap(
  ([, , command, combinations]) => combinations.map((combination) => [combination, command])));

const WHILE_TYPING = ["generate", "saveProject"];

/** For the help sheet: [title, [[keys, what they do]]]. */
export const SHEET = [...SHORTCUTS, HELD, HANDS, ON_STAGE, ON_ROW].map(
  ([title, rows]) => [title, rows.filter(([keys]) => keys).map(([keys, text]) => [keys, text])]);

/**
 * commands: name -> function. holdPan(isHeld): Space goes down or up; returns whether it was used.
 * Lives as long as the root is on the page.
 */
export function listenToKeys(root, commands, holdPan) {
  const listen = (type, handle) => {
    const guarded = (event) => {
      if (root.isConnected) handle(event);
      else document.removeEventListener(type, guarded);
    };
    document.addEventListener(type, guarded);
  };
  const space = (event) => {
    if (event.key !== " " || isTyping(event.target)) return;
    if (holdPan(event.type === "keydown")) event.preventDefault();
  };
  listen("keydown", (event) => {
    space(event);
    const command = commandOf(event);
    if (!command || !isFree(root, event, command)) return;
    event.preventDefault();
    commands[command]();
  });
  listen("keyup", space);
}

/** The command of a key press, if any. */
export function commandOf(event) {
  const { key, code, altKey, ctrlKey, metaKey, shiftKey } = event;
  // Some keyboards have brackets by AltGr only, which the browser tells as Ctrl+Alt.
  if (event.getModifierState?.("AltGraph") && "[]".includes(key)) return COMMANDS.get(key);
  const held = [[altKey, "alt+"], [ctrlKey || metaKey, "control+"], [shiftKey, "shift+"]];
  const prefix = held.map(([isHeld, name]) => (isHeld ? name : "")).join("");
  // With Alt, and in other alphabets, keys type other characters: then the place of the key counts.
  const isForeign = altKey || key.length === 1 && key > "~";
  return COMMANDS.get(prefix + (isForeign && placeOf(code) || key.toLowerCase()));
}

/** What a key of that place types on the keyboards that the shortcuts were made for. */
const placeOf = (code = "") =>
  ({ BracketLeft: "[", BracketRight: "]", Slash: "/" })[code] ?? code.match(/^(?:Key|Digit)(.)$/)?.[1].toLowerCase();

/** Nothing else wants the key: a text field, or an open dialog. */
function isFree(root, { target }, command) {
  if (root.querySelector("dialog[open]")) return false;
  return WHILE_TYPING.includes(command) || !isTyping(target);
}

/** Not while a box is checked or a slider moved: these want no letters. */
export function isTyping(element) {
  return element.matches("textarea, select, [contenteditable], input:not([type=range], [type=checkbox])");
}
