// Live mode: when to make which image. Knows no page: it is told what happens and asks for runs.

const TYPING = 600; // milliseconds after the last key
const IDLE = 500; // milliseconds between a draft and its full image

/** Steps of a draft: enough to judge shapes by. */
export const DRAFT_STEPS = 3;

/**
 * A stroke's end starts a draft at once, typing after a pause; the full image follows when nothing
 * else has happened for a while. The same inputs are never made twice, and nothing is made while
 * the page is not seen.
 */
export class Live {
  /**
   * key(): text that is the same for the same inputs. steps(): of a full image, a number.
   * run({ isDraft }): places a request; a newer one makes it stale. stop(): stops the request.
   * mayRun(): whether the page is seen and no stroke under way.
   */
  constructor({ key, steps, run, stop, mayRun }) {
    Object.assign(this, { key, steps, run, stop, mayRun });
    this.isOn = false;
    this.made = null; // key of the last full image
    this.running = null; // { key, isDraft, isOwn } of the request on its way
  }

  turn(isOn) {
    this.isOn = isOn;
    clearTimeout(this.timer);
    if (isOn) this.look();
    else this.withdraw();
  }

  /** A stroke, an undo, a switch: its result is wanted now. */
  changed() {
    this.plan(() => this.look(), 0);
  }

  /** A key was pressed: more may follow. */
  typed() {
    this.plan(() => this.look(), TYPING);
  }

  /** The page was hidden or shown again. */
  sight() {
    if (this.mayRun()) this.look();
    else this.withdraw();
  }

  /** A request was placed, by live mode or by a person. */
  sent({ isDraft, isOwn }) {
    clearTimeout(this.timer);
    this.running = { key: this.key(), isDraft, isOwn };
  }

  done() {
    const { key, isDraft } = this.running;
    this.running = null;
    if (!isDraft) this.made = key;
    if (key === this.key()) {
      if (isDraft) this.plan(() => this.look({ isFull: true }), IDLE);
    } else {
      this.look();
    }
  }

  /** The image on the page is that of the inputs, without a request. */
  settle() {
    this.made = this.key();
  }

  /** The request was stopped or failed: not again before something changes. */
  ended() {
    this.made = this.running?.key ?? this.made;
    this.running = null;
    clearTimeout(this.timer);
  }

  plan(act, wait) {
    clearTimeout(this.timer);
    if (this.isOn) this.timer = setTimeout(act, wait);
  }

  look({ isFull = false } = {}) {
    if (!this.isOn) return;
    // Later then: a stroke under way may end without a change, of which nobody would tell.
    if (!this.mayRun()) return this.plan(() => this.look({ isFull }), IDLE);
    const key = this.key();
    if (key === this.made || key === this.running?.key) return;
    this.run({ isDraft: !isFull && this.steps() > DRAFT_STEPS });
  }

  /** Stop what live mode itself has started. It is made when it is wanted again. */
  withdraw() {
    clearTimeout(this.timer);
    if (!this.running?.isOwn) return;
    const { made } = this;
    this.stop();
    this.made = made;
  }
}
