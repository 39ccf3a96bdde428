"""The page works behind a proxy that ends https and takes a path away, told of it or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, expect
from reverse_proxy import reverse_proxy
from served import TEMPLATES
from studio import StudioUnderTest, serve_studio, short
from visitor import PATIENCE

from facemogle.pipeline import FaceMoGLEPipeline

PATH = "/some/faces"


@pytest.fixture(scope="module")
def told(pipeline: FaceMoGLEPipeline) -> Iterator[StudioUnderTest]:
    """A server that was started with --root-path."""
    yield from serve_studio(short(pipeline, 2), root_path=PATH)


@pytest.mark.parametrize("path", ["", PATH])
@pytest.mark.parametrize("names_itself", [True, False])
def test_an_image_is_made_through_a_proxy(
    browser: Browser, studio: StudioUnderTest, tmp_path: Path, path: str, names_itself: bool
) -> None:
    """Its modules were not found under a path, and the page stayed empty without a word."""
    with reverse_proxy(studio.url, path, tmp_path, names_itself=names_itself) as url:
        make_an_image(browser, url)


@pytest.mark.parametrize("strips", [True, False])
def test_an_image_is_made_where_the_server_knows_its_path(
    browser: Browser, told: StudioUnderTest, tmp_path: Path, strips: bool
) -> None:
    """A mounted folder of modules looks for the path that the proxy cut off, and finds nothing."""
    with reverse_proxy(told.url, PATH, tmp_path, strips=strips) as url:
        make_an_image(browser, url)


def test_an_image_is_made_in_another_pages_frame(
    browser: Browser, studio: StudioUnderTest, tmp_path: Path
) -> None:
    """A Space shows the page so, from another origin."""
    with reverse_proxy(studio.url, "", tmp_path) as url:
        make_an_image(browser, url, in_a_frame=True)


def test_programs_come_through_a_proxy(studio: StudioUnderTest, tmp_path: Path) -> None:
    with reverse_proxy(studio.url, PATH, tmp_path) as url:
        client = Client(url, verbose=False, ssl_verify=False, download_files=tmp_path)
        mask = handle_file(TEMPLATES / "long_hair.png")
        image, _ = client.predict(mask, "a face", 0, 2, api_name="/generate")
        client.close()
    assert Path(image).stat().st_size > 0


def make_an_image(browser: Browser, url: str, *, in_a_frame: bool = False) -> None:
    visit = browser.new_context(ignore_https_errors=True)
    page = visit.new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if in_a_frame:
        page.set_content(f'<iframe src="{url}" width="1200" height="800"></iframe>')
    else:
        page.goto(url)
    view = page.frame_locator("iframe") if in_a_frame else page
    view.locator(".studio[data-ready=true]").wait_for()
    view.get_by_role("textbox", name="Steps").fill("2")
    view.get_by_role("button", name="Generate", exact=True).click()
    expect(view.locator(".result")).to_have_attribute("data-state", "done", timeout=PATIENCE)
    visit.close()
    assert errors == []
