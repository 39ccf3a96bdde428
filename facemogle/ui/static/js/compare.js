// The picture before over the picture now: hold C, or drag the slider.

export class Compare {
  constructor(panel) {
    this.image = panel.querySelector(".stage .before");
    this.label = panel.querySelector(".compare");
    this.slider = this.label.querySelector("input");
    this.slider.addEventListener("input", () => this.show(this.slider.value));
    document.addEventListener("keydown", (event) => this.hold(event, panel));
    document.addEventListener("keyup", ({ key }) => {
      if (key.toLowerCase() === "c") this.show(this.slider.value);
    });
  }

  /** url: of the picture before the one that is shown. */
  set(url) {
    this.image.src = url;
    this.label.hidden = false;
    this.slider.value = 0;
    this.show(0);
  }

  hold({ key, target, ctrlKey, metaKey, altKey, shiftKey }, panel) {
    const isTyping = target.matches("textarea, select, input:not([type=range])");
    const isPlain = key === "c" && !(ctrlKey || metaKey || altKey || shiftKey || isTyping);
    if (isPlain && panel.isConnected) this.show(100);
  }

  /** percent: of the width, from the left, that shows the picture before. */
  show(percent) {
    this.image.hidden = this.label.hidden || Number(percent) === 0;
    this.image.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
  }
}
