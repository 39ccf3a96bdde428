// The form: prompt, seed, steps, how to edit, live mode, Generate and Stop.

const DICE_SIDES = 2 ** 32;
const TEXTS = ["prompt", "seed", "steps", "strength"];
const SWITCHES = ["whole_face", "live"];

export const anySeed = () => String(Math.floor(Math.random() * DICE_SIDES));

/** Emits "prompt" when the prompt has become another one. */
export class Composer extends EventTarget {
  /**
   * words: phrases by kind, of facemogle.ui.start; those of people are for a prompt's beginning.
   * settings: { prompt, seed, steps, strength, whole_face, live, locked }.
   * onChange(values, name): name of the field that was changed. onSettled(): a person is done with it.
   * onSubmit(): form valid or not.
   */
  constructor(form, { settings, words, onChange, onSettled, onSubmit, onStop }) {
    super();
    const find = (selector) => form.querySelector(selector);
    const named = (names) => Object.fromEntries(names.map((name) => [name, find(`[name=${name}]`)]));
    this.texts = named(TEXTS);
    this.switches = named(SWITCHES);
    this.stop = find("[data-command=stop]");
    this.lock = find("[data-command=lock]");
    this.percent = find(".strength output");
    Object.assign(this, { onChange, onSettled });
    const { people: _people, ...offered } = words;
    this.chips = Object.values(offered).flat().map((text) => this.chip(text));
    find(".chips").replaceChildren(...this.chips);
    this.put(settings);
    form.addEventListener("input", ({ target }) => this.tell(target.name));
    form.addEventListener("change", () => onSettled());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onSubmit();
    });
    find("[data-command=dice]").addEventListener("click", () => this.roll());
    this.lock.addEventListener("click", () => {
      this.isLocked = !this.isLocked;
      this.tell("locked");
    });
    this.stop.addEventListener("click", onStop);
  }

  /** Fill in settings; fields that are not named keep their values. */
  put(settings) {
    for (const name of TEXTS) this.texts[name].value = settings[name] ?? this.texts[name].value;
    for (const name of SWITCHES) {
      this.switches[name].checked = settings[name] ?? this.switches[name].checked;
    }
    this.isLocked = settings.locked ?? this.isLocked;
    this.showStrength();
    this.showPrompt();
  }

  /** As typed: the server checks them, and its messages name value and remedy. */
  get values() {
    const values = { locked: this.isLocked };
    for (const [name, field] of Object.entries(this.texts)) values[name] = field.value.trim();
    values.prompt = this.prompt;
    for (const [name, field] of Object.entries(this.switches)) values[name] = field.checked;
    return values;
  }

  roll() {
    this.texts.seed.value = anySeed();
    this.tell("seed");
    this.onSettled();
  }

  /** Put words at the prompt's end, or take them out again. */
  addWords(words) {
    const { parts } = this;
    const others = parts.filter((part) => part !== words);
    if (others.length === parts.length) others.push(words);
    this.texts.prompt.value = others.join(", ");
    this.tell("chips");
    this.onSettled();
  }

  get prompt() {
    return this.texts.prompt.value;
  }

  /** As if a person had typed it. */
  set prompt(prompt) {
    this.texts.prompt.value = prompt;
    this.tell("prompt");
  }

  /** Put other words in the place of a span of the prompt, if it is still there. */
  replace({ start, end, text }, words) {
    if (this.prompt.slice(start, end) !== text) return;
    this.prompt = this.prompt.slice(0, start) + words + this.prompt.slice(end);
    this.texts.prompt.focus();
    this.texts.prompt.setSelectionRange(start + words.length, start + words.length);
  }

  chip(text) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => this.addWords(text));
    return button;
  }

  /** Which of the chips' words the prompt has. */
  showPrompt() {
    const parts = this.parts;
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(parts.includes(chip.textContent)));
    }
    if (this.prompt !== this.told) this.dispatchEvent(new Event("prompt"));
    this.told = this.prompt;
  }

  get parts() {
    return this.prompt.split(",").map((part) => part.trim()).filter(Boolean);
  }

  tell(name) {
    this.showStrength();
    this.showPrompt();
    this.onChange(this.values, name);
  }

  showStrength() {
    this.percent.textContent = `${Math.round(100 * this.texts.strength.value)} %`;
  }

  get isLocked() {
    return this.lock.getAttribute("aria-pressed") === "true";
  }

  set isLocked(isLocked) {
    this.lock.setAttribute("aria-pressed", String(isLocked));
  }

  set isBusy(isBusy) {
    this.stop.disabled = !isBusy;
  }
}
