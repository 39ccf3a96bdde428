// The steps as small images: how far a run is, and a way back to each step.

export class Film {
  /** onStep(step): a step was chosen. */
  constructor(list, { onStep }) {
    this.list = list;
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button:not(:disabled)");
      if (button) onStep([...list.children].indexOf(button));
    });
  }

  /** Show a run's steps, those to come as empty places; null: none. step: the one that is looked at. */
  draw(run, step) {
    const { list } = this;
    const count = run?.steps ?? 0;
    while (list.children.length > count) list.lastChild.remove();
    while (list.children.length < count) list.append(place(list.children.length));
    [...list.children].forEach((button, index) => {
      const image = run.reports[index]?.image;
      const preview = button.firstChild;
      button.disabled = !image;
      preview.hidden = !image;
      if (image && preview.shown !== image) preview.src = preview.shown = image;
      button.setAttribute("aria-pressed", String(index === step));
    });
  }
}

function place(index) {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1; // the slider of the steps is for the keyboard
  button.setAttribute("aria-label", `Step ${index + 1}`);
  const image = document.createElement("img");
  image.alt = "";
  button.append(image);
  return button;
}
