// On a phone one panel at a time lies below canvas and image.

/** root: the studio, whose data-tab tells the style sheets which. */
export function setUpTabs(root) {
  const tabs = [...root.querySelectorAll("[role=tab]")];
  const show = (tab) => {
    root.dataset.tab = tab.dataset.tab;
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!way) return;
      const next = tabs[(tabs.indexOf(tab) + way + tabs.length) % tabs.length];
      show(next);
      next.focus();
    });
  }
  show(tabs[0]);
}
