// Plays the steps one after the other, round and round.

const INTERVAL = 300; // milliseconds a step

export class Player {
  constructor(button, { advance }) {
    this.button = button;
    this.advance = advance;
    this.timer = null;
    button.addEventListener("click", () => (this.isPlaying ? this.stop() : this.play()));
  }

  get isPlaying() {
    return this.timer !== null;
  }

  play() {
    this.timer = setInterval(this.advance, INTERVAL);
    this.show();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.show();
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.isPlaying));
    this.button.setAttribute("aria-label", this.isPlaying ? "Pause" : "Play the steps");
    this.button.textContent = this.isPlaying ? "❚❚" : "▶";
  }
}
