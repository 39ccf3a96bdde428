// The left side: canvas, layers, tools, files.

import { Brush } from "./brush.js";
import { Easel } from "./easel.js";
import { Files } from "./files.js";
import { LayerStates } from "./layer_states.js";
import { Notice } from "./notice.js";
import { Overlay } from "./overlay.js";
import { Palette } from "./palette.js";
import { Screen } from "./screen.js";
import { Sheet } from "./sheet.js";
import { Start } from "./start.js";
import { loadSettings, saveDrawing, saveSettings } from "./store.js";
import { Toolbar } from "./toolbar.js";
import { ViewBar } from "./viewbar.js";
import { Viewport } from "./viewport.js";

const HAIR = 13;
const ZOOM_STEP = 1.5;

/**
 * Fill the panel. opening, starting: what Files and Start need from elsewhere.
 * Returns { brush, states, notice, commands by name, holdPan for listenToKeys, underlay(url) }.
 */
export function setUpPainting(panel, { drawing, regions, swatches, opening, starting }) {
  const find = (selector) => panel.querySelector(selector);
  const colors = regions.map(({ color }) => color);
  const saved = loadSettings();
  const brush = new Brush({ region: HAIR, ...saved.brush });
  const states = new LayerStates(drawing.layers, saved.states);
  brush.addEventListener("change", () => saveSettings({ brush: brush.state }));
  states.addEventListener("change", () => saveSettings({ states: states.saved }));
  drawing.addEventListener("commit", oneAtATime(() => saveDrawing(drawing.layers)));

  const palette = new Palette(find(".palette"), { regions, order: swatches, brush, drawing, states });
  new Toolbar(find(".toolbar"), { brush, drawing });
  const viewport = new Viewport();
  const stage = find(".stage");
  const overlay = new Overlay(stage, { brush, viewport });
  new Screen(stage.querySelector("canvas"), { drawing, states, palette: colors });
  const pointed = find(".pointed");
  const onHover = (region) => {
    pointed.textContent = region === null ? "" : regions[region].title;
    palette.point(region);
  };
  const easel = new Easel(stage, { drawing, brush, viewport, overlay, onHover });

  const sheet = new Sheet(find(".sheet"));
  const commands = commandsOf({ drawing, brush, palette, viewport, sheet });
  const paper = stage.querySelector(".paper");
  new ViewBar(find(".viewbar"), { brush, viewport, paper, commands });
  const notice = new Notice(find(".notice"));
  const files = { drawing, notice, palette: colors, ...opening };
  new Start(find(".start"), { drawing, brush, notice, palette: colors, ...starting });
  new Files(find(".files"), files).acceptDrops(panel.parentElement, stage);
  showHints(find(".hint"), { brush, regions, drawing, states });

  const underlay = (url) => {
    const image = paper.querySelector("img");
    image.src = url;
    image.hidden = false;
  };
  return { brush, states, notice, commands, holdPan: (isHeld) => easel.holdPan(isHeld), underlay };
}

/** What keys and buttons can ask of this side, by name. */
function commandsOf({ drawing, brush, palette, viewport, sheet }) {
  const tools = ["brush", "eraser", "fill", "replace", "rectangle", "lasso", "move", "pick"];
  const take = tools.map((tool) => [tool, () => brush.set({ tool })]);
  return {
    ...Object.fromEntries(take),
    smaller: () => brush.resize(-1),
    larger: () => brush.resize(1),
    mirror: () => brush.set({ mirrors: !brush.mirrors }),
    previousLayer: () => palette.next(-1),
    nextLayer: () => palette.next(1),
    lastLayer: () => brush.swapRegion(),
    flip: () => drawing.shift(brush.region, (box) => box, true),
    clear: () => drawing.clear(brush.region),
    undo: () => drawing.undo(),
    redo: () => drawing.redo(),
    fit: () => viewport.fit(),
    actual: () => viewport.actual(),
    in: () => viewport.zoomAt(ZOOM_STEP),
    out: () => viewport.zoomAt(1 / ZOOM_STEP),
    help: () => sheet.open(),
  };
}

/** Say in place what the tool in hand does, or why it does nothing. */
function showHints(element, { brush, regions, drawing, states }) {
  const show = () => {
    const { title } = regions[brush.region];
    const isIdle = ["replace", "pick"].includes(brush.tool);
    const hidden = states.is("hidden", brush.region) && !isIdle;
    const hint = {
      brush: `Paints ${title}`,
      eraser: `Erases ${title} only; what lies beneath shows`,
      fill: `Fills an area with ${title}`,
      replace: `Click a region: all of it becomes ${title}`,
      rectangle: `Drag a rectangle of ${title}`,
      lasso: `Draw around an area of ${title}`,
      move: `Drag to move ${title}, a corner to scale it`,
      pick: "Click a region to take it",
    }[brush.tool];
    const isLocked = drawing.layers.isLocked(brush.region) && brush.tool !== "pick";
    element.textContent = isLocked
      ? `${title} is locked: unlock it to change it`
      : hint + (hidden ? " (hidden: its eye is off)" : "");
    element.classList.toggle("warning", isLocked || hidden);
  };
  brush.addEventListener("change", show);
  states.addEventListener("change", show);
  show();
}

/** Calls a slow function at most once at a time; calls in between become one more at the end. */
function oneAtATime(act) {
  let isRunning = false;
  let isAskedAgain = false;
  return async function call() {
    isAskedAgain = isRunning;
    if (isRunning) return;
    isRunning = true;
    await act();
    isRunning = false;
    if (isAskedAgain) await call();
  };
}
