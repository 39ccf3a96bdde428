// Live mode: when to make which image. Knows no page: it is told what happens and asks for runs.

const TYPING = 600; // milliseconds after the last key
const IDLE = 500; // milliseconds between a draft and its full image
const HELD = 300; // milliseconds that a stroke goes on for before it is drafted, and between its drafts

const MOST_DRAFT_STEPS = 3; // enough to judge shapes by

/** Steps of a draft of an image of so many steps; 0 where the image itself is as quick. */
export const draftSteps = (steps) => (steps > 3 ? Math.min(MOST_DRAFT_STEPS, Math.floor(steps / 2)) : 0);

/**
 * A stroke's end starts a draft at once, a long stroke has drafts before it ends, typing starts one
 * after a pause; the full image follows when nothing else has happened for a while. The same inputs
 * are never made twice, and nothing is made while the page is not seen.
 */
export class Live {
  /**
   * key(): text that is the same for the same inputs. steps(): of a full image, a number.
   * run({ isDraft }): places a request; a newer one makes it stale. stop(): stops the request.
   * back(): shows the last full image again. isSeen(): whether the page is. isStroking(): whether
   * a stroke is under way.
   */
  constructor({ key, steps, run, stop, back, isSeen, isStroking }) {
    Object.assign(this, { key, steps, run, stop, back, isSeen, isStroking });
    this.isOn = false;
    this.made = null; // key of the last full image
    this.running = null; // { key, isDraft, isOwn } of the request on its way
    this.isDrafted = false; // whether a draft has taken the full image's place
    this.isHeld = false; // whether a draft of the stroke under way is planned
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

  /** The stroke under way has gone on. */
  stroked() {
    // A draft that is on its way would never arrive if each further one stopped it.
    if (!this.isOn || this.isHeld || this.running?.isDraft) return;
    this.isHeld = true;
    setTimeout(() => {
      this.isHeld = false;
      if (this.isStroking()) this.look();
    }, HELD);
  }

  /** A key was pressed: more may follow. */
  typed() {
    this.plan(() => this.look(), TYPING);
  }

  /** The page was hidden or shown again. */
  sight() {
    if (this.isSeen()) this.look();
    else this.withdraw();
  }

  /** A request was placed, by live mode or by a person. */
  sent({ isDraft, isOwn }) {
    clearTimeout(this.timer);
    this.running = { key: this.key(), isDraft, isOwn };
    this.isDrafted ||= isDraft;
  }

  done() {
    const { key, isDraft } = this.running;
    this.running = null;
    if (!isDraft) {
      this.made = key;
      this.isDrafted = false;
    }
    if (key === this.key()) {
      if (isDraft) this.plan(() => this.look({ isFull: true }), IDLE);
    } else if (this.isStroking()) {
      this.stroked();
    } else {
      this.look();
    }
  }

  /** The last full image is on the page again; unless told otherwise it is that of the inputs. */
  settle(key = this.key()) {
    this.made = key;
    this.isDrafted = false;
  }

  /** The request was stopped or failed: not again before something changes. */
  ended() {
    this.settle(this.running?.key ?? this.made);
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
    if (!this.isSeen() || (isFull && this.isStroking())) return this.plan(() => this.look({ isFull }), IDLE);
    const key = this.key();
    if (key === this.made) return this.revert();
    if (key === this.running?.key) return;
    this.run({ isDraft: !isFull && draftSteps(this.steps()) > 0 });
  }

  /** The inputs are those of the last full image again: a draft of others goes. */
  revert() {
    const { made } = this;
    clearTimeout(this.timer);
    if (this.running?.isOwn) this.withdraw();
    else if (this.isDrafted && !this.running) this.back();
    this.settle(made);
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
