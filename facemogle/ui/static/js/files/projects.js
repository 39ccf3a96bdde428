// Project files: everything on the page saved as one file, and back.

import { Accepted } from "../run/accepted.js";
import { SIDE } from "../layers/layers.js";
import { readProject, writeProject } from "./project.js";
import { save } from "./save.js";

export const EXTENSION = ".facemogle";

export class Projects {
  /** states: LayerView. */
  constructor({ drawing, runner, layerView, notice }) {
    Object.assign(this, { drawing, runner, layerView, notice });
  }

  async save() {
    const { archive } = this.runner.shown;
    const history = await Promise.all(archive.entries.map((entry) => entry.record()));
    const bits = this.drawing.layers.firstOrder;
    const text = await writeProject({ bits, ...this.state(), history });
    save(`face${EXTENSION}`, new Blob([text], { type: "application/json" }));
  }

  /** file: a File. One that cannot be used leaves everything as it is. */
  async open(file) {
    const before = this.state();
    const own = new Set(this.runner.shown.archive.entries.map(({ id }) => id));
    const bits = this.drawing.layers.firstOrder;
    let project;
    try {
      project = await readProject(await file.text(), { bits, side: SIDE });
    } catch (error) {
      this.notice.warn(`${file.name}: ${error.message}`);
      return;
    }
    const opened = await Promise.all(project.history.map(Accepted.from));
    await this.runner.shown.archive.add(...opened);
    this.apply(project);
    const left = project.damaged ? `${project.damaged} damaged images were omitted. ` : "";
    const added = opened.filter(({ id }) => !own.has(id));
    this.notice.tell(`Opened ${file.name}. ${left}Your earlier images are still in the history.`, {
      title: "Back to before",
      act: () => {
        this.apply(before);
        this.runner.shown.archive.remove(added);
        this.notice.clear();
      },
    });
  }

  /** What is on the page, but for the history. */
  state() {
    const { runner, layerView, drawing: { layers } } = this;
    return {
      drawing: { words: layers.words.slice(), order: layers.order },
      settings: runner.inputs.settings,
      states: layerView.saved,
      shown: runner.shown.accepted?.id ?? null,
    };
  }

  apply({ drawing, settings, states, shown }) {
    this.drawing.replaceLayers(drawing);
    this.layerView.put(states);
    this.runner.recalls.takeUp(settings, shown);
  }
}
