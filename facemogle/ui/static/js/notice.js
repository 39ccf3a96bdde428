// One message over a corner of what it is about: what went wrong and what to do, or what was assumed.

export class Notice {
  constructor(element) {
    this.element = element;
    this.text = element.querySelector("p");
    this.button = element.querySelector(".act");
    element.querySelector(".dismiss").addEventListener("click", () => this.clear());
    this.button.addEventListener("click", () => this.act());
  }

  /** action: { title, act } adds a button. */
  tell(text, action) {
    this.show("info", text, action);
  }

  warn(text, action) {
    this.show("error", text, action);
  }

  clear() {
    this.element.hidden = true;
  }

  get isError() {
    return this.element.dataset.kind === "error";
  }

  show(kind, text, action) {
    this.element.dataset.kind = kind;
    this.element.setAttribute("role", kind === "error" ? "alert" : "status");
    this.text.textContent = text;
    this.button.hidden = !action;
    this.button.textContent = action?.title ?? "";
    this.act = action?.act;
    this.element.hidden = false;
  }
}
