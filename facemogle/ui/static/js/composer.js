// The form: prompt, seed, steps, Generate and Stop.

const DICE_SIDES = 2 ** 32;

export class Composer {
  /** settings: { prompt, seed, steps }; onSubmit() is called with the form valid or not. */
  constructor(form, { settings, onChange, onSubmit, onStop }) {
    this.fields = Object.fromEntries(
      ["prompt", "seed", "steps"].map((name) => [name, form.querySelector(`[name=${name}]`)]));
    this.stop = form.querySelector("[data-command=stop]");
    for (const [name, field] of Object.entries(this.fields)) field.value = settings[name];
    form.addEventListener("input", () => onChange(this.values));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onSubmit();
    });
    form.querySelector("[data-command=dice]").addEventListener("click", () => {
      this.fields.seed.value = Math.floor(Math.random() * DICE_SIDES);
      onChange(this.values);
    });
    this.stop.addEventListener("click", onStop);
  }

  /** As typed: the server checks them, and its messages name value and remedy. */
  get values() {
    const { prompt, seed, steps } = this.fields;
    return { prompt: prompt.value, seed: seed.value.trim(), steps: steps.value.trim() };
  }

  set isBusy(isBusy) {
    this.stop.disabled = !isBusy;
  }
}
