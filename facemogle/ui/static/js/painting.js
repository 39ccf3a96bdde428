// The left side: canvas, swatches, tools, files.

import { Brush } from "./brush.js";
import { Easel } from "./easel.js";
import { Files } from "./files.js";
import { Notice } from "./notice.js";
import { Palette } from "./palette.js";
import { loadSettings, saveDrawing, saveSettings } from "./store.js";
import { Toolbar } from "./toolbar.js";

const HAIR = 13;

/** Fill the panel; returns the brush. read(file): asks the server to read a mask. */
export function setUpPainting(panel, { drawing, regions, swatches, templates, maxBytes, read }) {
  const find = (selector) => panel.querySelector(selector);
  const colors = regions.map(({ color }) => color);
  const brush = new Brush({ region: HAIR, ...loadSettings().brush });
  brush.addEventListener("change", () => saveSettings({ brush: brush.state }));
  drawing.addEventListener("commit", oneAtATime(() => saveDrawing(drawing.layers.words)));

  const palette = new Palette(find(".palette"), { regions, order: swatches, brush });
  new Toolbar(find(".toolbar"), { brush, drawing });
  const pointed = find(".pointed");
  const onHover = (region) => {
    pointed.textContent = region === null ? "" : regions[region].title;
    palette.point(region);
  };
  new Easel(find(".stage"), { drawing, brush, palette: colors, onHover });
  const notice = new Notice(find(".notice"));
  const files = { drawing, notice, palette: colors, templates, maxBytes, read };
  new Files(find(".files"), files).acceptDrops(find(".stage"));
  showHints(find(".hint"), { brush, regions });
  return brush;
}

/** Say in place what the tool in hand does. */
function showHints(element, { brush, regions }) {
  const show = () => {
    const { title } = regions[brush.region];
    element.textContent = {
      brush: `Paints ${title}`,
      eraser: `Erases ${title} only; what lies beneath shows`,
      fill: `Fills an area with ${title}`,
    }[brush.tool];
  };
  brush.addEventListener("change", show);
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
