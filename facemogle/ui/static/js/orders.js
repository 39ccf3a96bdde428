// Orders to the server, and the packets that come back. The newest order wins.

/**
 * Sends events named after the packets' kinds: start, step, done, error; and sent, stopped.
 * Packets of older orders, which may still be on their way, are dropped.
 */
export class Orders extends EventTarget {
  /** trigger, props: Gradio's. */
  constructor({ trigger, props }) {
    super();
    Object.assign(this, { trigger, props });
    this.number = 0;
    this.isBusy = false;
  }

  /** order: a promise of { mask, prompt, seed, steps }. */
  async place(order) {
    const number = this.announce();
    this.isBusy = true;
    this.emit("sent");
    const content = await order;
    if (number !== this.number) return;
    this.props.value = { number, ...content };
    this.trigger("generate");
  }

  /** The page stops at once, the server before its next step. */
  stop() {
    if (!this.isBusy) return;
    this.announce();
    this.isBusy = false;
    this.emit("stopped");
  }

  receive({ number, kind, ...content }) {
    if (number !== this.number || !this.isBusy) return;
    this.isBusy = kind === "start" || kind === "step";
    this.emit(kind, content);
  }

  /** Gradio could not carry out an order. */
  fail() {
    const text = "The server cannot be reached or has too much to do. Try again in a moment.";
    this.receive({ number: this.number, kind: "error", text });
  }

  /** Make all earlier orders stale. */
  announce() {
    this.number += 1;
    this.trigger("announce", { number: this.number });
    return this.number;
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
