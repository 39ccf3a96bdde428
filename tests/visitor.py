"""What a person does on the page, and what can be seen of it from outside."""

from __future__ import annotations

import io
import os
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    FilePayload,
    Page,
    expect,
    sync_playwright,
)
from studio import StudioUnderTest

from facemogle.masks.reading import read_mask

SIDE = 512
PATIENCE = 60_000  # milliseconds for an image
STARTING = 120_000  # ... for the page to come up on a busy machine
BROWSERS = ("chromium-headless-shell", "chromium")  # the first without a window takes a sixth less
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, BROWSERS)), BROWSERS[1]
)
expect.set_options(timeout=PATIENCE)  # on a busy machine five seconds are nothing
WHOLE = "Regenerate everything"
FOREHEAD = ((200, 170), (312, 170))  # of the first template


LAUNCH: dict[str, Any] = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
SCREEN: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(**LAUNCH)


@contextmanager
def visiting(browser: Browser, studio: StudioUnderTest, **context: Any) -> Iterator[Page]:
    """Visit the page; no error and no request to other servers may come of what is done there."""
    visit = browser.new_context(**{**SCREEN, **context})
    with errorless(visit.new_page(), studio) as page:
        yield page
        visit.close()


@contextmanager
def visiting_anew(profile: BrowserContext, studio: StudioUnderTest) -> Iterator[Page]:
    """The same in a browser that keeps the page's compiled scripts, and nothing else of a visit."""
    page = profile.new_page()
    everything = {"origin": studio.url, "storageTypes": "all"}
    profile.new_cdp_session(page).send("Storage.clearDataForOrigin", everything)
    with errorless(page, studio):
        yield page
        for opened in profile.pages[1:]:  # the first one is the browser's own, which it lives by
            opened.close()


@contextmanager
def errorless(page: Page, studio: StudioUnderTest) -> Iterator[Page]:
    page.set_default_timeout(STARTING)
    complaints = overheard(page, studio)
    open_studio(page, studio)
    yield page
    assert complaints == [], complaints


def overheard(page: Page, studio: StudioUnderTest) -> list[str]:
    """A list that grows by the page's errors and by its requests to other servers."""
    complaints: list[str] = []

    def check(url: str) -> None:
        if not url.startswith((studio.url, "data:", "blob:")):
            complaints.append(f"request to {url}")

    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: check(request.url))
    return complaints


def open_studio(page: Page, studio: StudioUnderTest) -> None:
    page.goto(studio.url)
    page.wait_for_selector(".studio[data-ready=true]")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a straight stroke with the mouse; points in pixels of the drawing."""
    draw(page, start, end)


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Draw a stroke with the mouse from point to point, in pixels of the drawing."""
    hold(page, *points)
    page.mouse.up()


def hold(page: Page, *points: tuple[float, float]) -> None:
    """The same without the stroke's end."""
    first, *others = places(page, *points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=8)


def places(page: Page, *points: tuple[float, float]) -> list[tuple[float, float]]:
    """Where points of the drawing are in the window."""
    canvas = page.get_by_label("Canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    scale = box["width"] / SIDE
    return [(box["x"] + x * scale, box["y"] + y * scale) for x, y in points]


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    fingers = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def open_layers(page: Page) -> None:
    """On a tablet, where they are a drawer."""
    handle = page.locator(".layers > .drawer")
    if handle.is_visible() and handle.get_attribute("aria-expanded") == "false":
        handle.click()


def take(page: Page, region: str, tool: str = "Brush") -> None:
    open_layers(page)
    page.get_by_role("radio", name=region, exact=True).click()
    page.get_by_role("button", name=tool, exact=True).click()


def clear(page: Page) -> None:
    """The first template, with nothing set, told or in view besides, on a screen as at first."""
    page.set_viewport_size(SCREEN["viewport"])
    pressed = page.locator(".palette [data-kind][aria-pressed=true]")
    while pressed.count():
        pressed.first.dispatch_event("click")
    mirror = page.get_by_role("button", name="Mirror", exact=True)
    if mirror.get_attribute("aria-pressed") == "true":
        mirror.click()
    for switch in (page.get_by_label(name, exact=True) for name in ("Live", WHOLE)):
        if switch.is_checked():
            switch.uncheck()
    page.locator("[data-command=fit]").click()
    from_menu(page, "Start from: Long hair")
    take(page, "Hair")
    dismiss = page.locator(".painting .notice").get_by_role("button", name="Dismiss")
    if dismiss.is_visible():
        dismiss.click()


def paint_forehead(page: Page) -> None:
    take(page, "Hat")
    drag(page, *FOREHEAD)


def drawing(page: Page, button: str = "Save label mask") -> np.ndarray:
    """The label map as the browser saves it, uint8 (512, 512)."""
    return read_mask(saved_file(page, button)).label_map


# Until the browser has drawn what happened, and a touch is aimed at what is there now.
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def from_menu(page: Page, name: str, *held: Literal["Shift"]) -> None:
    """Choose what the File menu offers. held: keys."""
    page.get_by_role("button", name="File", exact=True).click()
    menu = page.locator(".file-menu")
    menu.get_by_role("button", name=name, exact=True).click(modifiers=held)


def saved_file(page: Page, button: str) -> bytes:
    before = page.evaluate("scrollY")  # a click may scroll, and a test may know where the canvas is
    with page.expect_download() as download:
        from_menu(page, button)
    page.evaluate("top => scrollTo(0, top)", before)
    page.evaluate(FRAMES)
    return Path(download.value.path()).read_bytes()


def shown(page: Page) -> np.ndarray:
    """The finished image, exact to the pixel, uint8 (H, W, 3)."""
    url = page.get_by_alt_text("Generated face").get_attribute("src")
    assert url is not None and url.startswith("data:image/png")
    return np.asarray(Image.open(io.BytesIO(b64decode(url.split(",")[1]))).convert("RGB"))


def saved_image(page: Page) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save image").click()
    return Path(download.value.path()).read_bytes()


def open_tab(page: Page, name: str) -> None:
    """On a phone, where one panel at a time lies below canvas and image."""
    tab = page.get_by_role("tab", name=name)
    if tab.is_visible():
        tab.click()


def generate(page: Page, steps: int = 2) -> None:
    open_tab(page, "Words")
    page.get_by_role("textbox", name="Steps").fill(str(steps))
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator(".result")).to_have_attribute("data-state", "done", timeout=PATIENCE)
    # The gating view is drawn when it is seen, after the image.
    open_tab(page, "Gate")
    gate = page.get_by_label("Gating view")
    gate.scroll_into_view_if_needed()
    open_tab(page, "Paint")
    expect(gate).to_have_attribute("data-drawn", re.compile(r"^(\d+)/\1$"))


def open_details(page: Page) -> None:
    """Curves, comparison and exports of the gate."""
    more = page.get_by_role("button", name="Details", exact=True)
    if more.get_attribute("aria-expanded") == "false":
        more.click()


def open_mask(page: Page, name: str, content: bytes) -> None:
    mask: FilePayload = {"name": name, "mimeType": "image/png", "buffer": content}
    page.get_by_label("File to open").set_input_files(mask)


def heatmap(page: Page, expert: int) -> list[int]:
    """RGBA values of an expert's tile."""
    script = """canvas => [...canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data]"""
    return page.locator(f".tiles [data-expert='{expert}'] canvas").evaluate(script)
