"""The README's images of the page: made by hand after the page or the model has changed.

    python tests/screenshots.py

Serves `mini` in a process of its own, does in Chromium what each image shows, and writes JPEGs of
at most 150 KB to assets/.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from served import ROOT, served_apart
from visitor import (
    PATIENCE,
    STARTING,
    chromium,
    draw,
    hold,
    open_details,
    take,
)

MAX_BYTES = 150 * 1000
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "dark",
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


def shot(page: Page, *selectors: str) -> Image.Image:
    """What is seen of some elements and of what lies between them; without any, the window."""
    if not selectors:
        return Image.open(io.BytesIO(page.screenshot()))
    page.locator(selectors[0]).first.scroll_into_view_if_needed()
    boxes = [page.locator(selector).first.bounding_box() for selector in selectors]
    seen = [box for box in boxes if box is not None]
    left, top = (min(box[axis] for box in seen) - 8 for axis in ("x", "y"))
    right = max(box["x"] + box["width"] for box in seen) + 8
    bottom = max(box["y"] + box["height"] for box in seen) + 8
    scroll = page.evaluate("scrollY")
    clip = {"x": left, "y": top + scroll, "width": right - left, "height": bottom - top}
    return Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))  # type: ignore[arg-type]


def save(image: Image.Image, path: Path) -> None:
    content = io.BytesIO()
    for quality in range(88, 30, -6):
        content = io.BytesIO()
        image.convert("RGB").save(content, "JPEG", quality=quality, optimize=True)
        if content.tell() <= MAX_BYTES:
            break
    path.write_bytes(content.getvalue())
    print(f"{path.name}: {image.width}x{image.height}, {content.tell() // 1000} KB")


def wait_for(page: Page, text: str) -> None:
    expect(page.locator(".result .progress-text")).to_contain_text(text, timeout=PATIENCE)


def paint(page: Page) -> Image.Image:
    """The whole page, with a stroke in the mirror under way."""
    take(page, "Hat")
    page.get_by_label("Brush size").fill("0.72")
    page.keyboard.press("m")
    hold(page, (256, 60), (330, 72), (384, 110))
    image = shot(page)
    page.mouse.up()
    page.keyboard.press("m")
    page.keyboard.press("Control+z")
    return image


def edit(page: Page) -> Image.Image:
    """A wipe between the images before and after an edit."""
    page.get_by_role("button", name="Add glasses").click()
    wait_for(page, "kept")
    page.get_by_role("button", name="Compare with the previous image").click()
    page.evaluate("scrollTo(0, 0)")
    return shot(page, ".painting > .stage", ".result .toolbar", ".result .stage")


def gate(page: Page) -> Image.Image:
    """The maps, and the curves of a place."""
    open_details(page)
    page.locator(".tiles [data-expert='14']").click()
    page.locator(".over.now").click(position={"x": 200, "y": 70})
    return shot(page, ".gate")


def phone(page: Page) -> Image.Image:
    """The page on a phone, in the dark."""
    take(page, "Hat")
    draw(page, (150, 110), (256, 70), (362, 110))
    return shot(page).resize((585, 1266), Image.Resampling.LANCZOS)


ON_DESK: tuple[Callable[[Page], Image.Image], ...] = (paint, edit, gate)


def opened(browser: Browser, url: str, screen: dict) -> Page:
    page = browser.new_context(**screen).new_page()
    page.set_default_timeout(STARTING)
    page.goto(url)
    page.wait_for_selector(".studio[data-ready=true]")
    page.wait_for_selector(".result[data-state=done]")  # the face that the server has made
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "assets")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with served_apart() as (url, _), chromium() as browser:
        desk = opened(browser, url, DESK)
        for make in ON_DESK:
            save(make(desk), arguments.out / f"page_{make.__name__}.jpg")
        save(phone(opened(browser, url, PHONE)), arguments.out / "page_phone.jpg")


if __name__ == "__main__":
    main()
