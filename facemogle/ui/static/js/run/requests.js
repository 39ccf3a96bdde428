// Requests to the server, and the packets that come back. The newest request wins.

const PATIENCE = 1500; // milliseconds without a packet after which the server is asked

/** What ends a request. */
const LAST = ["done", "error", "stopped", "forgotten"];

/**
 * Sends events named after the packets' kinds: start, step, done, error, place, forgotten; and sent,
 * stopped, lost (the server is there and knows nothing of the request).
 * Packets of older requests, which may still be on their way, are dropped.
 */
export class Requests extends EventTarget {
  /** trigger, props: Gradio's. reach(): a promise that fails if the server cannot be reached. */
  constructor({ trigger, props, reach = reachServer }) {
    super();
    Object.assign(this, { trigger, props, reach });
    this.number = 0;
    this.asked = 0;
    this.isBusy = false;
  }

  /** request: a promise of all but the number of a request of facemogle.ui.studio. */
  async place(request) {
    const number = this.announce(true);
    this.isBusy = true;
    this.missed = 0; // answers in a row that did not know the request
    this.emit("sent");
    this.watch();
    const content = await request;
    if (number !== this.number) return;
    this.props.value = { number, ...content };
    this.trigger("generate");
  }

  /** The page stops at once, the server before its next step. */
  stop() {
    if (!this.isBusy) return;
    this.announce(false);
    this.settle();
    this.emit("stopped");
  }

  receive({ number, kind, ...content }) {
    if (number !== this.number || !this.isBusy) return;
    this.missed = kind === "place" && content.ahead === null ? this.missed + 1 : 0;
    if (this.missed > 0) {
      // Once is no proof: the last packets may still be on their way.
      if (this.missed === 1) return;
      this.settle();
      this.emit("lost");
      return;
    }
    if (LAST.includes(kind)) this.settle();
    else this.watch();
    this.emit(kind, content);
  }

  /** Gradio could not carry out a request. */
  fail() {
    if (!this.isBusy) return;
    this.settle();
    this.announce(false);
    const text = "The server cannot be reached or has too much to do. Your drawing is kept.";
    this.emit("error", { text, canRetry: true, isAway: true });
  }

  settle() {
    this.isBusy = false;
    clearTimeout(this.timer);
  }

  /** Ask after a while without packets whether the server is there and how long the line is. */
  watch() {
    clearTimeout(this.timer);
    const number = this.number;
    this.timer = setTimeout(async () => {
      try {
        await this.reach();
      } catch {
        if (number === this.number) this.fail();
        return;
      }
      if (number !== this.number || !this.isBusy) return;
      this.asked += 1;
      this.trigger("ask", { number, asked: this.asked });
      this.watch();
    }, PATIENCE);
  }

  /** Make all earlier requests stale. */
  announce(hasRequest) {
    this.number += 1;
    this.trigger("announce", { number: this.number, has_request: hasRequest });
    return this.number;
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const reachServer = () => fetch(import.meta.url, { method: "HEAD", cache: "no-store" });
