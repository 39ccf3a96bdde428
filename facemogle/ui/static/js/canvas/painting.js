// The left side: canvas, layers, tools, files.

import { Brush } from "./brush.js";
import { Easel } from "./easel.js";
import { Files } from "../files/files.js";
import { setUpDrawer } from "../layers/drawer.js";
import { Hints } from "./hints.js";
import { Inspector } from "../layers/inspector.js";
import { LayerDrag } from "../layers/drag.js";
import { LayerView } from "../layers/view.js";
import { Notice } from "../notice.js";
import { Overlay } from "./overlay.js";
import { Pair } from "../files/pair.js";
import { Photo } from "../files/photo.js";
import { Palette } from "../layers/list.js";
import { Question } from "../files/question.js";
import { Screen } from "./screen.js";
import { Sheet } from "./shortcuts.js";
import { Start } from "../files/start.js";
import { loadSettings, saveSettings } from "../history/store.js";
import { MAX_CHANGES } from "./undo.js";
import { oneAtATime } from "../history/one_at_a_time.js";
import { takeArrivals } from "../files/arrivals.js";
import { TakeFrom } from "../layers/take_from.js";
import { Toolbar } from "./toolbar.js";
import { ViewBar } from "./viewbar.js";
import { Viewport } from "./viewport.js";

const HAIR = 13;
const ZOOM_STEP = 1.5;

/**
 * Fill the panel. menu: of files. experts: their titles. expertSettings: ExpertSettings. opening, starting:
 * what Files and Start need from elsewhere. keep(drawing): a promise of it being stored. Returns
 * { brush, palette, layerView, notice, commands by name, holdPan for listenToKeys, underlay(url),
 * follow(accepted): an image is shown }.
 */
export function setUpPainting(panel, { menu, drawing, regions, experts, expertSettings, opening, starting, keep }) {
  const find = (selector) => panel.querySelector(selector);
  const colors = regions.map(({ color }) => color);
  const saved = loadSettings();
  const brush = new Brush({ region: HAIR, ...saved.brush });
  const layerView = new LayerView(drawing.layers, saved.states);
  brush.addEventListener("change", () => saveSettings({ brush: brush.state }));
  layerView.addEventListener("change", () => saveSettings({ states: layerView.saved }));
  drawing.addEventListener("commit", oneAtATime(() => keep(drawing)));
  drawing.addEventListener("end", () => notice.tell(`Undo ends here: the last ${MAX_CHANGES} changes are kept.`));

  const palette = new Palette(find(".palette"), { regions, experts, brush, drawing, layerView, expertSettings });
  setUpDrawer(find(".layers"), { brush, regions });
  new LayerDrag(find(".palette"), { drop: (...places) => palette.drop(...places) });
  new Toolbar(panel, { brush, drawing });
  const viewport = new Viewport();
  const stage = find(".stage");
  const overlay = new Overlay(stage, { brush, viewport });
  new Screen(stage.querySelector("canvas"), { drawing, layerView, palette: colors });
  const pointed = find(".pointed");
  palette.addEventListener("count", ({ detail }) => {
    stage.querySelector("canvas").setAttribute("aria-label", said(detail, regions));
  });
  const onHover = (region) => {
    pointed.textContent = region === null ? "" : regions[region].title;
    palette.point(region);
  };
  const easel = new Easel(stage, { drawing, brush, viewport, overlay, onHover });

  const sheet = new Sheet(find(".sheet"));
  const dialogs = { takeFrom: () => take.open(), swap: () => files.swapSides() };
  const commands = commandsOf({ drawing, brush, palette, viewport, sheet, dialogs });
  const paper = stage.querySelector(".paper");
  new ViewBar(panel, { brush, viewport, paper, commands });
  const notice = new Notice(find(".notice"));
  const openPair = () => pair.open();
  const question = new Question(find(".question"), colors);
  const ask = (asked) => question.ask(asked);
  const files = new Files(menu.querySelector(".files"), {
    drawing, notice, regions, palette: colors, ask, openPair, ...opening,
  });
  const { readPair, readPhoto, savePhoto, parserDownload, saves, adopt, maxBytes } = opening;
  const photo = new Photo(find(".photo-faces"), {
    readPhoto, savePhoto, adopt, send: (...asked) => files.send(...asked),
    parserDownload, notice, offer: menu.querySelector("[data-command=whole-photo]"), saves,
  });
  files.photo = photo;
  const pair = new Pair(find(".pairing"), {
    drawing, palette: colors, readPair, adopt, maxBytes, tell: (text) => notice.tell(text),
  });
  takeArrivals(panel, {
    target: stage, open: (given) => files.openAll(given), refuse: (text) => notice.warn(text),
  });
  new Start(menu.querySelector(".start"), { drawing, brush, notice, palette: colors, ...starting });
  const take = new TakeFrom(find(".take"), {
    drawing, brush, regions, templates: starting.templates,
    load: (file) => files.load(file), tell: (text) => notice.tell(text),
  });
  const inspected = { palette, regions, experts, brush, drawing, layerView, expertSettings, commands };
  new Inspector(find(".inspector"), inspected);
  showHints(find(".hint"), { brush, regions, drawing, layerView });
  const hints = new Hints(stage.querySelector(".tip"), { drawing, brush, regions });

  const underlay = (url) => {
    const image = paper.querySelector("img");
    image.src = url;
    image.hidden = false;
    hints.imageMade();
  };
  const holdPan = (isHeld) => easel.holdPan(isHeld);
  const follow = (accepted) => photo.follow(accepted);
  return { brush, palette, layerView, notice, commands, holdPan, underlay, follow };
}

/** The drawing in words, for those who do not see it. shown: how many pixels each region has. */
function said(shown, regions) {
  const all = shown.reduce((sum, count) => sum + count);
  const parts = regions.map(({ title }, region) => [title, (100 * shown[region]) / all]).filter(([, part]) => part > 0);
  const listed = parts.sort(([, a], [, b]) => b - a).map(([title, part]) => `${title} ${part < 1 ? "under 1" : Math.round(part)} %`);
  return `The drawing: ${listed.join(", ")}`;
}

/** What keys and buttons can ask of this side, by name. */
function commandsOf({ drawing, brush, palette, viewport, sheet, dialogs }) {
  const tools = ["brush", "eraser", "fill", "replace", "rectangle", "lasso", "move", "pick"];
  const take = tools.map((tool) => [tool, () => brush.set({ tool })]);
  return {
    ...Object.fromEntries(take),
    smaller: () => brush.resize(-1),
    larger: () => brush.resize(1),
    mirror: () => brush.set({ mirrors: !brush.mirrors }),
    layerAbove: () => palette.next(-1),
    layerBelow: () => palette.next(1),
    raise: () => palette.shift(1),
    lower: () => palette.shift(-1),
    ...dialogs,
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
function showHints(element, { brush, regions, drawing, layerView }) {
  const show = () => {
    const { title } = regions[brush.region];
    const isIdle = ["replace", "pick"].includes(brush.tool);
    const hidden = layerView.is("hidden", brush.region) && !isIdle;
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
  layerView.addEventListener("change", show);
  show();
}
