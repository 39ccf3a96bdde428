// Around the canvas: mirror, whole-layer commands, opacity of the mask, zoom.

import { loadSettings, saveSettings } from "../history/store.js";

const OVER_IMAGE = 0.4; // opacity at which both mask and image are read

export class ViewBar {
  /** commands: name -> function, for the buttons with data-command. */
  constructor(panel, { brush, viewport, paper, commands }) {
    Object.assign(this, { brush, viewport, paper });
    const find = (command) => panel.querySelector(`[data-command=${command}]`);
    this.mirror = find("mirror");
    this.zoom = find("fit");
    this.bare = find("bare");
    this.opacity = panel.querySelector("[name=drawing-opacity]");
    for (const button of panel.querySelectorAll(":is(.viewbar, .status) [data-command]:not([data-command=bare])")) {
      button.addEventListener("click", () => commands[button.dataset.command]());
    }
    this.opacity.value = loadSettings().opacity ?? OVER_IMAGE;
    this.opacity.addEventListener("input", () => this.cover());
    this.bare.addEventListener("click", () => {
      this.opacity.value = this.isBare ? OVER_IMAGE : 1;
      this.cover();
    });
    brush.addEventListener("change", () => this.showMirror());
    viewport.addEventListener("change", () => this.showZoom());
    this.showMirror();
    this.showZoom();
    this.showOpacity();
  }

  /** Whether the mask hides the image. */
  get isBare() {
    return Number(this.opacity.value) === 1;
  }

  cover() {
    saveSettings({ opacity: this.opacity.value });
    this.showOpacity();
  }

  showMirror() {
    this.mirror.setAttribute("aria-pressed", String(this.brush.mirrors));
  }

  showZoom() {
    this.zoom.textContent = `${Math.round(this.viewport.scale * 100)} %`;
  }

  showOpacity() {
    this.paper.style.setProperty("--drawing", this.opacity.value);
    this.opacity.setAttribute("aria-valuetext", `${Math.round(100 * this.opacity.value)} percent`);
    this.bare.setAttribute("aria-pressed", String(this.isBare));
  }
}
