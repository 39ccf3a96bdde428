// Below the canvas: mirror, whole-layer commands, opacity and zoom.

export class ViewBar {
  /** commands: name -> function, for the buttons with data-command. */
  constructor(bar, { brush, viewport, paper, commands }) {
    Object.assign(this, { brush, viewport, paper });
    this.mirror = bar.querySelector("[data-command=mirror]");
    this.zoom = bar.querySelector("[data-command=fit]");
    this.opacity = bar.querySelector("[name=drawing-opacity]");
    for (const button of bar.querySelectorAll("[data-command]")) {
      button.addEventListener("click", () => commands[button.dataset.command]());
    }
    this.opacity.addEventListener("input", () => this.showOpacity());
    brush.addEventListener("change", () => this.showMirror());
    viewport.addEventListener("change", () => this.showZoom());
    this.showMirror();
    this.showZoom();
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
  }
}
