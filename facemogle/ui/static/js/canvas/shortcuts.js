// The sheet of shortcuts.

import { SHEET } from "./keys.js";

export class Sheet {
  constructor(dialog) {
    this.dialog = dialog;
    dialog.querySelector(".columns").replaceChildren(...SHEET.map(section));
    dialog.querySelector(".dismiss").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "?") dialog.close();
      event.stopPropagation(); // other keys do nothing behind it
    });
  }

  open() {
    this.dialog.showModal();
  }
}

function section([title, rows]) {
  const element = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  for (const [keys, text] of rows) {
    const term = document.createElement("dt");
    const meaning = document.createElement("dd");
    term.textContent = keys;
    meaning.textContent = text;
    list.append(term, meaning);
  }
  element.append(heading, list);
  return element;
}
