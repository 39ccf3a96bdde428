// What it changes that an expert is muted, or heard more or less: the same face again, beside the one before.

const SETTLING = 250; // milliseconds in which another expert may be muted

export class Effect {
  /** runner: Runner, which makes the face. */
  constructor(runner) {
    this.runner = runner;
    this.isAsked = false; // whether the image on its way is to show it
  }

  /** An expert is to be heard otherwise. */
  ask() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      const { inputs, isUnchanged, live, shown } = this.runner;
      if (live.isOn || !shown.accepted || shown.accepted.isForeign || isUnchanged) return;
      if (live.running?.key === inputs.key) return; // somebody was quicker
      this.runner.request({ isDraft: false, isOwn: false });
      this.isAsked = true;
    }, SETTLING);
  }

  /** An image is there. If it shows the effect, it stays whole, and the one before is set in small. */
  async done() {
    if (!this.isAsked) return;
    const { requests, result, shown: { compare } } = this.runner;
    const { number } = requests;
    compare.setIn();
    const share = await compare.changed();
    if (number === requests.number) result.tellEffect(share);
  }
}
