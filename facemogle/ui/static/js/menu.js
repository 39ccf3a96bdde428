// A sheet of commands under the button that opens it; a click on one of them closes it again.

const GAP = 6; // CSS pixels below the button

/** sheet: a popover. */
export function setUpMenu(button, sheet) {
  sheet.addEventListener("beforetoggle", () => {
    const { left, bottom } = button.getBoundingClientRect();
    sheet.style.left = `max(8px, min(${left}px, 100vw - 8px - var(--wide)))`;
    sheet.style.top = `${bottom + GAP}px`;
  });
  sheet.addEventListener("click", ({ target }) => target.closest("button") && sheet.hidePopover());
}
