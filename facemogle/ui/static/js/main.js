// Puts the page together. Gradio calls mount() once, with the element and its ways to the server.

import { fromBase64, inflate } from "./codec.js";
import { Drawing } from "./drawing.js";
import { ExpertStates } from "./expert_states.js";
import { offerExports } from "./gate_exports.js";
import { meanWeights } from "./gate_statistics.js";
import { listenToKeys } from "./keys.js";
import { Orders } from "./orders.js";
import { setUpPainting } from "./painting.js";
import { Projects } from "./projects.js";
import { Sampling } from "./sampling.js";
import { loadDrawing, loadSettings, onRefusal, saveSettings } from "./store.js";

/** props: regions, experts, layers, max_bytes, model, templates, words of studio.py. */
export async function mount({ element, trigger, props, server }) {
  const { regions, experts, templates, model } = props;
  const root = element.querySelector(".studio");
  root.querySelector(".model").textContent = `${model.name}, ${model.side}×${model.side}, ${model.device}`;
  const drawing = new Drawing(props.layers, regions.map(({ mirror }) => mirror));
  await begin(drawing.layers, templates);
  const states = new ExpertStates(experts.length, loadSettings().experts);
  states.addEventListener("change", () => saveSettings({ experts: states.values }));

  const read = (file) => server.read_mask_file({ binary: true, data: { file } });
  const readPair = (image, mask) => server.read_pair({ binary: true, data: { image, mask } });
  const readPhoto = (file, parser) => server.read_photo({ binary: true, data: { file, parser } });
  const adopt = (found) => sampling.adopt(found);
  const openProject = (file) => projects.open(file);
  const saveProject = () => projects.save();
  const projectFiles = { openProject, saveProject };
  const opening = { maxBytes: props.max_bytes, read, readPhoto, readPair, adopt, ...projectFiles };
  const suggest = (suggestion) => sampling.suggest(suggestion);
  const make = () => sampling.order({ isDraft: false, isOwn: false });
  const examples = root.querySelector(".examples");
  const starting = { templates, words: props.words, suggest, make, examples };
  const painting = { drawing, regions, experts, heard: states, opening, starting };
  const left = setUpPainting(root.querySelector(".painting"), painting);

  const orders = new Orders({ trigger, props });
  document.addEventListener("facemogle-packet", ({ detail }) => orders.receive(detail));
  document.addEventListener("facemogle-failure", () => orders.fail());
  const { steps } = model;
  const { underlay } = left;
  const sampling = new Sampling(root, { drawing, orders, regions, experts, states, steps, underlay,
    templates, words: props.words });
  const projects = new Projects({ drawing, sampling, states: left.states, notice: left.notice });
  offerExports(root.querySelector(".gate"), { gate: sampling.gate, ask: server.export_gate });

  orders.addEventListener("step", () => left.weigh(meanWeights(sampling.run)));
  const asked = { generate: () => sampling.submit(), stop: () => orders.stop(), saveProject,
    wipe: () => sampling.compare.wipe() };
  listenToKeys(root, { ...left.commands, ...asked }, left.holdPan);
  guardUnstored(root.querySelector(".unstored"));
  root.dataset.ready = "true";
}

/** The last drawing of this browser, or the first template. */
async function begin(layers, templates) {
  const saved = await loadDrawing();
  if (saved) layers.setWords(saved.words, saved.order);
  else layers.setLabels(await inflate(fromBase64(templates[0].labels)));
}

/** Once the browser does not store something: say so in place, and ask before the page is left. */
function guardUnstored(note) {
  onRefusal(() => {
    note.hidden = false;
    window.onbeforeunload = (event) => event.preventDefault();
  });
}
