// Puts the page together. Gradio calls mount() once, with the element and its ways to the server.

import { firstFace } from "./run/first.js";
import { fromBase64, inflate } from "./files/codec.js";
import { Drawing } from "./canvas/drawing.js";
import { ExpertSettings } from "./run/experts.js";
import { offerExports } from "./gate/exports.js";
import { OverImage } from "./gate/over_image.js";
import { makeOneStop } from "./roving.js";
import { setUpMenu } from "./menu.js";
import { setUpTabs } from "./tabs.js";
import { LayerWords } from "./layers/words.js";
import { listenToKeys } from "./canvas/keys.js";
import { Marks } from "./run/marks.js";
import { Notice } from "./notice.js";
import { Requests } from "./run/requests.js";
import { setUpPainting } from "./canvas/painting.js";
import { Projects } from "./files/projects.js";
import { Runner } from "./run/runner.js";
import { Database } from "./history/database.js";
import { loadDrawing, loadSettings, onStored, saveDrawing, saveSettings, stored, tabId } from "./history/store.js";
import { UndoShelf } from "./history/undo_shelf.js";

const UNSTORED = "This browser stores nothing more here, so a reload would lose your work.";

/** props: regions, experts, layers, max_bytes, model, templates, words, nouns of studio.py. */
export async function mount({ element, trigger, props, server }) {
  const { regions, experts, templates, model } = props;
  const root = element.querySelector(".studio");
  root.querySelector(".model").textContent = `${model.name}, ${model.side}×${model.side}, ${model.device}`;
  const drawing = new Drawing(props.layers, regions.map(({ mirror }) => mirror));
  await begin(drawing.layers, templates);
  const database = new Database();
  const undo = new UndoShelf(database, tabId());
  await stored("undo", () => undo.load(drawing));
  const keep = () => Promise.all([saveDrawing(drawing.layers), stored("undo", () => undo.save(drawing))]);
  const expertSettings = new ExpertSettings(experts.length, loadSettings().experts);
  expertSettings.addEventListener("change", () => saveSettings({ experts: expertSettings.values }));

  const read = (files, region = "") =>
    server.read_mask_file({ binary: true, data: { ...files, region } });
  const exportMask = (sent) => server.export_mask(sent);
  const readPair = (image, mask) => server.read_pair({ binary: true, data: { image, mask } });
  // Beside files, a form carries text only.
  const readPhoto = (file, parser, face) =>
    server.read_photo({ binary: true, data: { file, parser, face: JSON.stringify(face) } });
  const savePhoto = (file, before, after, place) =>
    server.save_photo({ binary: true, data: { file, before, after, place: JSON.stringify(place) } });
  const parserDownload = (wish) => server.parser_download(wish);
  const saves = root.querySelectorAll("[data-command=save-in-photo]");
  const adopt = (found) => runner.recalls.adopt(found);
  const openProject = (file) => projects.open(file);
  const saveProject = () => projects.save();
  const projectFiles = { openProject, saveProject };
  const opening = {
    maxBytes: props.max_bytes, read, exportMask, readPhoto, savePhoto, parserDownload, saves, readPair, adopt,
    ...projectFiles,
  };
  const settings = Object.fromEntries(["begin", "isOwn", "put"].map(
    (name) => [name, (...given) => runner.inputs[name](...given)]));
  const follow = () => runner.recalls.follow();
  const make = () => runner.request({ isDraft: false, isOwn: false });
  const examples = root.querySelector(".examples");
  const starting = { templates, words: props.words, settings, make, follow, examples };
  const menu = root.querySelector(".file-menu");
  setUpMenu(root.querySelector(".masthead .file"), menu);
  const painting = { menu, drawing, regions, experts, expertSettings, opening, starting, keep };
  const left = setUpPainting(root.querySelector(".painting"), painting);

  const requests = new Requests({ trigger, props });
  document.addEventListener("facemogle-packet", ({ detail }) => requests.receive(detail));
  document.addEventListener("facemogle-failure", () => requests.fail());
  const { steps } = model;
  const { underlay, palette } = left;
  const askFirst = () =>
    firstFace({ ask: () => server.first_face({}), template: templates[0], experts: experts.length });
  const over = new OverImage(root.querySelector(".result"), { titles: experts });
  const gateListeners = {
    onSelect: (expert) => palette.take(expert),
    onScene: (scene, expert) => {
      over.draw(scene, expert);
      palette.heat(scene);
    },
  };
  const runner = new Runner(root, { drawing, requests, regions, experts, expertSettings, steps, underlay,
    database, weigh: (weights, heard) => palette.weigh(weights, heard), gateListeners, askFirst, templates, words: props.words,
    onImage: left.follow });
  const projects = new Projects({ drawing, runner, layerView: left.layerView, notice: left.notice });
  joinSelection(palette, runner.gate, over);
  readPrompt(root, { ...left, composer: runner.composer, drawing, regions, nouns: props.nouns, read: server.read_words });
  const ofExports = offerExports(root.querySelector(".gate"), { gate: runner.gate, ask: server.export_gate });
  // What was told of a drawing goes when that is another one, or when a person has it made into an image.
  for (const type of ["replace", "travel"]) drawing.addEventListener(type, () => left.notice.clear());
  requests.addEventListener("sent", () => {
    if (!runner.isOwn) [left.notice, ofExports].forEach((notice) => notice.clear());
  });

  const asked = { generate: () => runner.submit(), stop: () => requests.stop(), saveProject,
    wipe: () => runner.shown.compare.wipe(), map: () => over.toggle() };
  listenToKeys(root, { ...left.commands, ...asked }, left.holdPan);
  setUpTabs(root);
  for (const list of [".rail-tools", ".unread", ".chips", ".examples", ".tiles"]) makeOneStop(root.querySelector(list));
  guardUnstored(new Notice(root.querySelector(".unstored")), saveProject);
  root.dataset.ready = "true";
}

/** One expert is selected everywhere; the pointer over a row, a tile or a region shows another one's map. */
function joinSelection(palette, gate, over) {
  const follow = () => {
    gate.tiles.arrange(palette.experts);
    gate.select(palette.expert);
  };
  palette.addEventListener("change", follow);
  follow();
  palette.addEventListener("point", () => {
    gate.tiles.point(palette.pointed);
    over.follow(palette.pointed);
  });
  const expertOf = ({ dataset }) => (dataset.expert ? Number(dataset.expert) : Number(dataset.region ?? -1) + 1);
  for (const [list, kind] of [[palette.list, ".row"], [gate.tiles.element, "button"]]) {
    let clicked = null; // what a click has led to is to be seen as it is while the pointer rests there
    list.addEventListener("pointerover", ({ target, pointerType }) => {
      const item = target.closest(kind);
      if (!item || item === clicked || pointerType !== "mouse") return;
      clicked = null;
      over.look(expertOf(item));
    });
    const drop = (item) => {
      clicked = item;
      over.look(null);
    };
    list.addEventListener("click", ({ target }) => kind === ".row" && drop(target.closest(kind)));
    list.addEventListener("pointerleave", () => drop(null));
  }
}

/** The prompt is read while it is typed, and shown at the layers that it speaks of. */
function readPrompt(root, { palette, brush, composer, drawing, regions, nouns, read }) {
  new LayerWords(root.querySelector(".inspector"), { palette, composer, nouns });
  const marks = new Marks(root.querySelector(".composer"), {
    composer, read, titles: regions.map(({ title }) => title),
    isEmpty: (region) => !drawing.labels.includes(region),
    paint: (region) => {
      brush.set({ region, tool: "brush" });
      root.querySelector(".canvas").focus({ preventScroll: true });
    },
  });
  drawing.addEventListener("commit", () => marks.show());
}

/** The last drawing of this browser, or the first template. */
async function begin(layers, templates) {
  const saved = await loadDrawing();
  if (saved) layers.setWords(saved.words, saved.order);
  else layers.setLabels(await inflate(fromBase64(templates[0].labels)));
}

/** While the browser does not store something: say so in place, and ask before the page is left. */
function guardUnstored(notice, saveProject) {
  onStored((isAllStored) => {
    if (isAllStored) notice.clear();
    else notice.tell(UNSTORED, { title: "Save the project", act: saveProject });
    window.onbeforeunload = isAllStored ? null : (event) => event.preventDefault();
  });
}
