// A row of buttons as one stop of the Tab key; arrow keys go from button to button.

const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** list: an element. selector: of its buttons, whichever there are when a key is pressed. */
export function makeOneStop(list, selector = "button") {
  const all = () => [...list.querySelectorAll(selector)];
  const stopAt = (chosen) => all().forEach((button) => (button.tabIndex = button === chosen ? 0 : -1));
  list.addEventListener("focusin", ({ target }) => target.matches(selector) && stopAt(target));
  list.addEventListener("keydown", (event) => {
    const buttons = all();
    const place = buttons.indexOf(event.target);
    if (!WAYS[event.key] || place < 0) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[(place + WAYS[event.key] + buttons.length) % buttons.length].focus();
  });
  stopAt(all()[0]);
}
