"""How long live mode takes from a stroke's end to its images: a measurement, run by hand.

    python tests/live_latency.py --strokes 30

Serves `mini` in a process of its own, paints on the page in Chromium on the same machine, and
prints the median and the 95th percentile of the milliseconds from pointer-up until the first
preview is on the screen, until the draft is, and until the full image is, the pause before it
included.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from served import served_apart
from visitor import chromium, drag, take

STARTING = 120_000  # milliseconds
REGIONS = ("Hair", "Hat", "Skin", "Glasses", "Upper lip", "Left brow", "Right brow", "Background")

WATCH = """() => {
  const result = document.querySelector(".result");
  const image = result.querySelector(".stage img");
  const seen = (window.seen = { up: 0, marks: [] });
  const mark = (what) => requestAnimationFrame(() =>
    seen.marks.push([what, performance.now() - seen.up]));
  const restart = () => Object.assign(seen, { up: performance.now(), marks: [] });
  addEventListener("pointerup", restart, true);
  image.addEventListener("load", () => mark("image"));
  new MutationObserver(async () => {
    if (result.dataset.state !== "done") return;
    const text = result.querySelector(".progress-text").textContent;
    await image.decode();
    mark(text.startsWith("Draft") ? "draft" : "full");
  }).observe(result, { attributes: true, attributeFilter: ["data-state"] });
}"""


def stroke(page: Page, draw: random.Random) -> None:
    """A short stroke across the face, of any region."""
    take(page, draw.choice(REGIONS))
    x, y = draw.uniform(130, 380), draw.uniform(60, 420)
    drag(page, (x, y), (x + draw.uniform(-60, 60), y + draw.uniform(-40, 40)))


def measure(page: Page, strokes: int, seed: int) -> list[dict[str, float]]:
    """Milliseconds of each stroke that changed the mask, by what was shown."""
    draw, rows = random.Random(seed), []
    page.get_by_label("Live", exact=True).check()
    page.wait_for_selector(".result[data-state=done]", timeout=STARTING)
    page.wait_for_function(
        "!document.querySelector('.result .progress-text').textContent.includes('Draft')"
    )
    page.evaluate(WATCH)
    while len(rows) < strokes:
        stroke(page, draw)
        page.wait_for_timeout(300)
        if page.evaluate("document.querySelector('.result').dataset.state") == "done":
            marks = page.evaluate("seen.marks")
            if not marks:
                continue  # nothing changed
        page.wait_for_function("seen.marks.some(([what]) => what === 'full')", timeout=STARTING)
        marks = page.evaluate("seen.marks")
        first = {what: time for what, time in reversed(marks)}
        rows.append(first)
        print(" ".join(f"{what} {time:.0f}" for what, time in first.items()), flush=True)
    return rows


def report(rows: list[dict[str, Any]]) -> None:
    titles = {"image": "first preview", "draft": "draft done", "full": "full image done"}
    for what, title in titles.items():
        times = sorted(row[what] for row in rows if what in row)
        late = times[min(len(times) - 1, round(0.95 * len(times)))]
        print(f"{title:<18} median {statistics.median(times):5.0f} ms, 95 % {late:5.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with served_apart() as (url, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(".studio[data-ready=true]")
        report(measure(page, arguments.strokes, arguments.seed))


if __name__ == "__main__":
    main()
