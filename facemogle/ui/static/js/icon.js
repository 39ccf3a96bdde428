// Small images on buttons that modules make; those of the page are in its HTML.

const SVG = "http://www.w3.org/2000/svg";

/** paths: [class or "", d] pairs in a 24 x 24 box. */
export function icon(paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  for (const [name, d] of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    path.setAttribute("class", name);
    svg.append(path);
  }
  return svg;
}
