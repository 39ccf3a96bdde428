"""What a visitor has made outlives a reload, a restart of the server, the way through a file."""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from studio import TEMPLATES, StudioUnderTest, free_port
from visitor import drag, drawing, generate, open_mask, open_studio, overheard, take

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.ui.page import build_page, serve

SIDE = 64
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium")
FOREHEAD = ((200, 170), (312, 170))
BELOW = slice(40, None)  # rows of the picture that an edit of the forehead keeps


@pytest.fixture(scope="module")
def pipeline(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny random model, for small pictures of few steps."""
    short = FaceMoGLEPipeline(
        **pipeline.components, default_size=SIDE, default_steps=2, text_length=16
    )
    short.set_progress_bar_config(disable=True)
    return short


class Server:
    """The page at one address, which can be started anew."""

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.pipeline, self.port = pipeline, free_port()
        self.start()

    def start(self) -> None:
        self.page = build_page(self.pipeline, model="test", templates=TEMPLATES)
        url = serve(
            self.page, host="127.0.0.1", port=self.port, prevent_thread_lock=True, quiet=True
        )
        self.studio = StudioUnderTest(url, self.pipeline)

    def stop(self) -> None:
        self.page.close(verbose=False)


@pytest.fixture(scope="module")
def server(pipeline: FaceMoGLEPipeline) -> Iterator[Server]:
    server = Server(pipeline)
    yield server
    server.stop()


@pytest.fixture
def studio(server: Server) -> StudioUnderTest:
    return server.studio


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser: Browser, studio: StudioUnderTest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    complaints = overheard(page, studio)
    open_studio(page, studio)
    yield page
    context.close()
    assert complaints == []


def shown(page: Page) -> np.ndarray:
    """The finished picture, exact to the pixel."""
    url = page.get_by_alt_text("Generated face").get_attribute("src")
    assert url is not None and url.startswith("data:image/png")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


def saved_picture(page: Page) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save picture").click()
    return Path(download.value.path()).read_bytes()


def paint_forehead(page: Page) -> None:
    take(page, "Hat")
    drag(page, *FOREHEAD)


def expect_an_edit(page: Page, before: np.ndarray) -> None:
    """Change the mask: the picture must change there and nowhere else."""
    paint_forehead(page)
    generate(page)
    expect(page.locator(".result .progress-text")).to_contain_text("kept")
    after = shown(page)
    assert np.array_equal(after[BELOW], before[BELOW])
    assert not np.array_equal(after, before)


def test_a_saved_picture_that_is_opened_can_be_edited(
    page: Page, browser: Browser, studio: StudioUnderTest
) -> None:
    """Another visitor, such as oneself a week later: the server has never seen the picture."""
    generate(page)
    before, painted, content = shown(page), drawing(page), saved_picture(page)
    other = browser.new_page(viewport={"width": 1280, "height": 800})
    open_studio(other, studio)
    other.get_by_role("button", name="Short hair").click()
    open_mask(other, "face.png", content)
    expect(other.locator(".painting .notice")).to_contain_text("picture, mask, prompt")
    assert np.array_equal(shown(other), before)
    assert np.array_equal(drawing(other), painted)
    expect_an_edit(other, before)
    other.close()


def test_an_edit_goes_on_after_the_server_was_started_anew(
    browser: Browser, server: Server
) -> None:
    """The new server does not know the picture: it must get it, not make another face."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})  # its console may complain
    open_studio(page, server.studio)
    generate(page)
    before = shown(page)
    server.stop()
    server.start()
    expect_an_edit(page, before)
    page.close()
