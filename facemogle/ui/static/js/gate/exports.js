// Files of the run that the gating view shows: the server writes them, from what the browser keeps.

import { fromBase64, toBase64 } from "../files/codec.js";
import { Notice } from "../notice.js";
import { save } from "../files/save.js";

/** ask(sent): sends a run to facemogle.ui.exports; answers { name, content } or { error }. Returns where it tells what failed. */
export function offerExports(panel, { gate, ask }) {
  const notice = new Notice(panel.querySelector(".notice"));
  panel.querySelector(".exports").addEventListener("click", async ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    notice.clear();
    button.classList.add("busy");
    const answer = await ask(packed(gate, button.dataset.export)).catch(() => null);
    button.classList.remove("busy");
    if (answer?.content) save(answer.name, new Blob([fromBase64(answer.content)]));
    else notice.warn(answer?.error ?? "The server did not answer. Check that it runs, then export again.");
  });
  return notice;
}

/** What a kind of file needs of the run in view: a trace takes no images, a sheet the last one. */
export function packed({ run, expert, choices }, kind) {
  const images = run.reports.map(({ image }) => image);
  return {
    kind,
    grid: run.grid,
    times: run.times,
    gate: run.reports.map(({ values }) => toBase64(new Uint8Array(values.buffer))),
    images: { trace: [], sheet: images.slice(-1) }[kind] ?? images,
    labels: kind === "sheet" ? toBase64(run.labels) : "",
    expert,
    scale: choices.scale,
  };
}
