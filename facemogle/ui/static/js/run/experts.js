// How the experts are to be heard: which local ones are muted, and how strong each of the 20 is.

export const MAX_STRENGTH = 4; // of what the page offers; the server takes more

const UNTOUCHED = 1;

/** Emits "change" with each change, and "set" if a person made it. Experts: 0 is the global one, region r's has the number r + 1. */
export class ExpertSettings extends EventTarget {
  /** saved: as of `values`; what is missing is as at first. */
  constructor(count, saved) {
    super();
    this.muted = new Set();
    this.strengths = new Array(count).fill(UNTOUCHED);
    this.put(saved);
  }

  isMuted(region) {
    return this.muted.has(region);
  }

  toggleMuted(region) {
    if (!this.muted.delete(region)) this.muted.add(region);
    this.tell();
  }

  strength(expert) {
    return this.strengths[expert];
  }

  /** At least one expert stays above 0: the weights could not be brought back to a sum of 1. */
  setStrength(expert, strength) {
    const others = this.strengths.filter((_, index) => index !== expert);
    if (strength === 0 && others.every((other) => other === 0)) return;
    if (strength === this.strengths[expert]) return;
    this.strengths[expert] = strength;
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("set"));
  }

  /** As a request, a file and the browser's storage have them. */
  get values() {
    const muted = [...this.muted].sort((a, b) => a - b);
    return { muted, expert_strengths: [...this.strengths] };
  }

  /** The values with which every expert is heard as it is. */
  get untouched() {
    return { muted: [], expert_strengths: this.strengths.map(() => UNTOUCHED) };
  }

  /** Take over values; what they do not name keeps its state. */
  put({ muted, expert_strengths: strengths } = {}) {
    if (muted) this.muted = new Set(muted);
    if (strengths?.length === this.strengths.length) this.strengths = [...strengths];
    this.dispatchEvent(new Event("change"));
  }
}
