// On a tablet the layers are a drawer at the screen's lower edge, whose handle says which one is in hand.

/** panel: the layers with the handle. */
export function setUpDrawer(panel, { brush, regions }) {
  const handle = panel.querySelector(".drawer");
  const [chip, name] = ["i", "span"].map((tag) => handle.querySelector(tag));
  const open = (isOpen) => {
    panel.classList.toggle("open", isOpen);
    handle.setAttribute("aria-expanded", String(isOpen));
  };
  const show = () => {
    const { title, color } = regions[brush.region];
    name.textContent = title;
    chip.style.background = `rgb(${color.join(" ")})`;
  };
  handle.addEventListener("click", () => open(!panel.classList.contains("open")));
  panel.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !panel.classList.contains("open")) return;
    open(false);
    handle.focus();
  });
  brush.addEventListener("change", show);
  show();
}
