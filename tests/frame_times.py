"""Whether painting keeps up with the screen: a measurement, run by hand.

    python tests/frame_times.py --strokes 5

Paints on the page at 512x512 in Chromium on the same machine and prints for each tool, over the
frames that came while a stroke was under way: the time from frame to frame, frames that were
dropped, and how long the page's own code ran in a frame, in a pointer's handlers and at a stroke's
end. What the frames take longer than the code is the browser's drawing, which a machine without a
GPU does on the processor. "hover" moves the pointer without painting: what it takes anyway; "live"
is the brush while drafts are made, by the same machine.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from served import served_apart
from visitor import STARTING, chromium, from_menu, take

FRAME = 1000 / 60  # milliseconds
POINTS = 90  # of a stroke; the browser takes one a frame

TOOLS = {  # name -> tool in hand, diameter in pixels, mirrored
    "hover": ("Brush", 18, False),
    "brush": ("Brush", 18, False),
    "big brush": ("Brush", 160, False),
    "eraser": ("Eraser", 60, False),
    "mirror": ("Brush", 60, True),
    "live": ("Brush", 18, False),
}

# Before the page's own scripts: every frame callback and every pointer's handlers are timed.
WATCH = """() => {
  const seen = (window.seen = { frames: [], moves: [], ups: [], isOn: false });
  const ask = window.requestAnimationFrame.bind(window);
  let spent = 0; // milliseconds of the page's code since the last frame
  window.requestAnimationFrame = (act) => ask((time) => {
    const start = performance.now();
    act(time);
    spent += performance.now() - start;
  });
  for (const type of ["pointerdown", "pointermove", "pointerup"]) {
    let start = 0;
    addEventListener(type, () => (start = performance.now()), true);
    addEventListener(type, () => {
      const took = performance.now() - start;
      spent += took;
      if (!seen.isOn) return;
      if (type === "pointermove") seen.moves.push(took);
      if (type === "pointerup") seen.ups.push(took);
    });
  }
  let last = 0;
  const frame = (time) => {
    if (seen.isOn && last) seen.frames.push([time - last, spent]);
    last = time;
    spent = 0;
    ask(frame);
  };
  ask(frame);
}"""


def stroke(page: Page, number: int, *, paints: bool) -> None:
    """A loop across the face, each time a little elsewhere."""
    box = page.get_by_label("Canvas").bounding_box()
    assert box is not None

    def place(share: float) -> tuple[float, float]:
        angle = 2 * math.pi * share + number
        reach = 0.36 + 0.05 * math.cos(3 * angle)
        x, y = 0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(2 * angle + number)
        return box["x"] + box["width"] * x, box["y"] + box["height"] * y

    page.mouse.move(*place(0))
    page.evaluate("seen.isOn = true")
    if paints:
        page.mouse.down()
    for point in range(1, POINTS + 1):
        page.mouse.move(*place(point / POINTS))
    if paints:
        page.mouse.up()
    page.evaluate("seen.isOn = false")


def measure(page: Page, name: str, strokes: int) -> dict[str, Any]:
    """Milliseconds: ``frames`` (interval, own code), ``moves`` and ``ups`` (handlers)."""
    tool, size, mirrors = TOOLS[name]
    from_menu(page, "Start from: Long hair")
    page.get_by_label("Live", exact=True).set_checked(name == "live")
    take(page, "Skin" if tool == "Eraser" else "Hair", tool)
    page.get_by_label("Brush size").evaluate(
        """(slider, size) => {
          slider.value = Math.log(size) / Math.log(160);
          slider.dispatchEvent(new Event("input"));
        }""",
        size,
    )
    if mirrors:
        page.keyboard.press("m")
    page.evaluate("Object.assign(seen, { frames: [], moves: [], ups: [] })")
    for number in range(strokes):
        stroke(page, number, paints=name != "hover")
    if mirrors:
        page.keyboard.press("m")
    return page.evaluate("seen")


def report(name: str, seen: dict[str, Any]) -> None:
    intervals, own = np.array(seen["frames"]).T
    dropped = np.maximum(0, np.round(intervals / FRAME) - 1).sum()
    print(
        f"{name:<10} frame {shares(intervals)}, dropped {dropped:.0f} of {len(intervals)};"
        f" own code {shares(own)}; a move {shares(seen['moves'])}"
        + (f"; an end {shares(seen['ups'])}" if seen["ups"] else "")
    )


def shares(times: Any) -> str:
    return " / ".join(f"{time:.1f}" for time in np.percentile(times, [50, 95, 99]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=5)
    arguments = parser.parse_args()
    with served_apart() as (url, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(f"({WATCH})()")
        page.goto(url, timeout=STARTING)
        page.wait_for_selector(".studio[data-ready=true]", timeout=STARTING)
        print("milliseconds: median / 95 % / 99 %")
        for name in TOOLS:
            report(name, measure(page, name, arguments.strokes))


if __name__ == "__main__":
    main()
