"""What a visitor has made outlives a reload, a restart of the server, the way through a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, TimeoutError, expect
from served import TEMPLATES, free_port
from studio import TEMPLATE, StudioUnderTest, short
from visitor import (
    FOREHEAD,
    PATIENCE,
    drag,
    drawing,
    from_menu,
    generate,
    open_mask,
    open_studio,
    overheard,
    paint_forehead,
    saved_file,
    saved_image,
    shown,
    take,
    visiting,
)

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.serving.engine import LocalEngine
from facemogle.serving.hosted import HostedEngine
from facemogle.ui.page import build_page
from facemogle.ui.serve import serve

BELOW = slice(40, None)  # rows of the image that an edit of the forehead keeps


@pytest.fixture(scope="module")
def pipeline(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny random model, for small images of few steps."""
    return short(pipeline, steps=2)


class Server:
    """The page at one address, which can be restarted."""

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.pipeline, self.port = pipeline, free_port()
        self.start()

    def start(self) -> None:
        engine = HostedEngine.of(LocalEngine(self.pipeline))
        self.page = build_page(engine, model="test", templates=TEMPLATES)
        url = serve(self.page, engine, host="127.0.0.1", port=self.port, quiet=True)
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


def expect_an_edit(page: Page, before: np.ndarray) -> None:
    """Change the mask: the image must change there and nowhere else."""
    paint_forehead(page)
    generate(page)
    expect(page.locator(".result .progress-text")).to_contain_text("kept")
    after = shown(page)
    assert np.array_equal(after[BELOW], before[BELOW])
    assert not np.array_equal(after, before)


def test_a_saved_image_that_is_opened_can_be_edited(
    page: Page, browser: Browser, studio: StudioUnderTest
) -> None:
    """Another visitor, such as oneself a week later: the server has never seen the image."""
    generate(page)
    before, painted, content = shown(page), drawing(page), saved_image(page)
    other = browser.new_page(viewport={"width": 1280, "height": 800})
    open_studio(other, studio)
    from_menu(other, "Start from: Short hair")
    open_mask(other, "face.png", content)
    expect(other.locator(".painting .notice")).to_contain_text("were restored")
    assert np.array_equal(shown(other), before)
    assert np.array_equal(drawing(other), painted)
    expect_an_edit(other, before)
    other.close()


def test_an_edit_goes_on_after_the_server_was_started_anew(
    browser: Browser, server: Server
) -> None:
    """The new server does not know the image: it must get it, not make another face."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})  # its console may complain
    open_studio(page, server.studio)
    generate(page)
    before = shown(page)
    server.stop()
    server.start()
    expect_an_edit(page, before)
    page.close()


def test_a_server_that_dies_at_work_takes_nothing_along(browser: Browser, server: Server) -> None:
    """It must be seen that no image will come, and the drawing must be there for the next."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})  # its console may complain
    open_studio(page, server.studio)
    paint_forehead(page)
    painted = drawing(page)
    page.get_by_role("textbox", name="Prompt").fill("a man with a hat")
    page.get_by_role("textbox", name="Steps").fill("100")
    page.get_by_role("button", name="Generate", exact=True).click()
    result = page.locator(".result")
    expect(result).to_contain_text("of 100")
    server.stop()
    expect(result).to_have_attribute("data-state", "failed", timeout=PATIENCE)
    expect(result.locator(".notice")).to_contain_text("The server cannot be reached")
    assert np.array_equal(drawing(page), painted)
    drag(page, (200, 400), (312, 400))  # painting goes on without it
    painted = drawing(page)
    try:
        with page.expect_navigation():  # Gradio reloads its page when the server is back
            server.start()
    except TimeoutError:  # if it has noticed that it was away
        page.reload()
    page.wait_for_selector(".studio[data-ready=true]")
    assert np.array_equal(drawing(page), painted)
    # Asked for again by itself; it may be done before it is looked at.
    expect(result).to_contain_text(re.compile("of 100|100 steps"), timeout=PATIENCE)
    page.get_by_label("Canvas").focus()
    for _ in range(4):  # two strokes, prompt and steps
        page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)  # undo goes back beyond the reload
    assert page.get_by_role("textbox", name="Prompt").input_value() != "a man with a hat"
    for _ in range(4):
        page.keyboard.press("Control+y")
    generate(page)
    assert np.array_equal(drawing(page), painted)
    assert page.get_by_role("textbox", name="Prompt").input_value() == "a man with a hat"
    page.close()


def back_to(page: Page, seed: str) -> None:
    page.get_by_role("button", name=f"Back to the image of seed {seed}").click()
    expect(page.locator(".result .progress-text")).to_have_text(f"From the history, seed {seed}")


def make_two(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Images of seeds 3 and 7, the second with a hat that hides some hair."""
    generate(page)
    first = shown(page)
    paint_forehead(page)
    page.get_by_role("textbox", name="Seed").fill("7")
    page.get_by_role("textbox", name="Prompt").fill("a man with a hat")
    generate(page)
    return first, shown(page)


def test_history_and_image_survive_a_reload(page: Page, studio: StudioUnderTest) -> None:
    start = drawing(page)
    first, second = make_two(page)
    painted = drawing(page)
    open_studio(page, studio)
    expect(page.locator(".strip button")).to_have_count(2)
    assert np.array_equal(shown(page), second)  # what was there is there again
    assert np.array_equal(drawing(page), painted)

    back_to(page, "3")
    assert np.array_equal(shown(page), first)
    assert np.array_equal(drawing(page), start)
    assert page.get_by_role("textbox", name="Prompt").input_value() != "a man with a hat"
    expect_an_edit(page, first)  # by a session that the server has never seen

    back_to(page, "7")
    assert np.array_equal(drawing(page), painted)
    assert page.get_by_role("textbox", name="Prompt").input_value() == "a man with a hat"
    take(page, "Hat", "Eraser")
    drag(page, *FOREHEAD)
    assert np.array_equal(drawing(page), start)  # the layers came back, not only what shows


def test_two_tabs_keep_their_own_drawing_and_share_the_history(
    page: Page, studio: StudioUnderTest
) -> None:
    other = page.context.new_page()
    open_studio(other, studio)
    from_menu(page, "Start from: Short hair")
    mine = drawing(page)
    generate(page)
    other.get_by_role("textbox", name="Seed").fill("7")
    paint_forehead(other)
    theirs = drawing(other)
    generate(other)
    for tab in (page, other):
        open_studio(tab, studio)
        expect(tab.locator(".strip button")).to_have_count(2)
    assert np.array_equal(drawing(page), mine)
    assert np.array_equal(drawing(other), theirs)
    assert page.get_by_role("textbox", name="Seed").input_value() == "3"  # it is locked


REFUSED = """
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
        const get = () => { throw new DOMException("no", "SecurityError"); };
        Object.defineProperty(window, name, { get });
    }
"""
FULL = """
    const full = () => { throw new DOMException("full", "QuotaExceededError"); };
    Storage.prototype.setItem = full;
    IDBObjectStore.prototype.put = full;
"""


@pytest.mark.parametrize("script", [REFUSED, FULL], ids=["refused", "full"])
def test_without_storage_the_page_works_and_says_what_it_cannot_do(
    browser: Browser, studio: StudioUnderTest, script: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(script)
    page = context.new_page()
    complaints = overheard(page, studio)
    open_studio(page, studio)
    first, _ = make_two(page)
    expect(page.locator(".unstored")).to_be_visible()
    back_to(page, "3")
    assert np.array_equal(shown(page), first)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.reload()
    page.wait_for_selector(".studio[data-ready=true]")
    assert asked == ["beforeunload"]
    context.close()
    assert complaints == []


FULL_AT_TIMES = """
    for (const [{ prototype }, name] of [[Storage, "setItem"], [IDBObjectStore, "put"]]) {
        const real = prototype[name];
        prototype[name] = function (...given) {
            if (window.isFull) throw new DOMException("full", "QuotaExceededError");
            return real.apply(this, given);
        };
    }
"""


def test_the_note_that_nothing_is_stored_goes_when_all_is_stored_again(
    browser: Browser, studio: StudioUnderTest
) -> None:
    """It stayed for good, and the browser went on to ask whether to leave."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(FULL_AT_TIMES)
    page = context.new_page()
    complaints = overheard(page, studio)
    open_studio(page, studio)
    page.evaluate("window.isFull = true")
    paint_forehead(page)
    note = page.locator(".unstored")
    expect(note).to_be_visible()
    page.evaluate("window.isFull = false")
    drag(page, (200, 80), (312, 80))
    expect(note).to_be_hidden()
    painted = drawing(page)
    page.reload()
    page.wait_for_selector(".studio[data-ready=true]")
    assert np.array_equal(drawing(page), painted)
    context.close()
    assert complaints == []


def open_file(page: Page, name: str, content: bytes) -> None:
    project: FilePayload = {"name": name, "mimeType": "", "buffer": content}
    page.get_by_label("File to open").set_input_files(project)


@pytest.fixture
def stranger(browser: Browser, studio: StudioUnderTest) -> Iterator[Page]:
    """Another browser on the same page."""
    with visiting(browser, studio) as page:
        yield page


def test_a_project_brings_everything_to_another_browser(page: Page, stranger: Page) -> None:
    _, second = make_two(page)
    painted = drawing(page)
    page.get_by_label("Regenerate everything").check()
    take(page, "Hair")
    page.get_by_role("button", name="Lock Hair").click()
    content = saved_file(page, "Save project")

    generate(stranger)
    own = shown(stranger), drawing(stranger)
    open_file(stranger, "mine.facemogle", content)
    notice = stranger.locator(".painting .notice")
    expect(notice).to_contain_text("Opened mine.facemogle")
    assert np.array_equal(drawing(stranger), painted)
    assert np.array_equal(shown(stranger), second)
    assert stranger.get_by_role("textbox", name="Prompt").input_value() == "a man with a hat"
    assert stranger.get_by_role("textbox", name="Seed").input_value() == "7"
    assert stranger.get_by_label("Regenerate everything").is_checked()
    lock = stranger.locator("[data-region='13'] [data-kind=locked]")
    expect(lock).to_have_attribute("aria-pressed", "true")
    expect(stranger.locator(".strip button")).to_have_count(3)  # and what was there before
    take(stranger, "Hat", "Eraser")
    drag(stranger, *FOREHEAD)
    assert np.array_equal(drawing(stranger), own[1])  # the layers came along

    notice.get_by_role("button", name="Back to before").click()
    assert np.array_equal(shown(stranger), own[0])
    assert np.array_equal(drawing(stranger), own[1])
    expect(lock).to_have_attribute("aria-pressed", "false")
    expect(stranger.locator(".strip button")).to_have_count(1)


def test_a_project_is_saved_by_key_and_opened_by_drop(page: Page, stranger: Page) -> None:
    paint_forehead(page)
    page.get_by_role("textbox", name="Prompt").fill("typing")  # and the focus stays in the field
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(".facemogle")
    transfer = stranger.evaluate_handle(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.facemogle"));
            return transfer;
        }""",
        content.decode(),
    )
    stranger.dispatch_event(".result", "drop", {"dataTransfer": transfer})
    expect(stranger.locator(".painting .notice")).to_contain_text("Opened dropped.facemogle")
    assert np.array_equal(drawing(stranger), drawing(page))


def test_a_project_that_cannot_be_opened_changes_nothing(page: Page) -> None:
    paint_forehead(page)
    painted = drawing(page)
    content = saved_file(page, "Save project")
    page.get_by_role("textbox", name="Prompt").fill("mine")
    notice = page.locator(".painting .notice")
    for bad, message in (
        (b"", "not a facemogle project"),
        (content[: len(content) // 2], "or only a part of one"),
        (content.replace(b'"version":1', b'"version":9'), "newer facemogle (format 9"),
        (content.replace(b'"layers"', b'"lawyers"', 1), "It is damaged"),
    ):
        open_file(page, "bad.facemogle", bad)
        expect(notice).to_contain_text(message)
        expect(notice).to_have_attribute("data-kind", "error")
        assert np.array_equal(drawing(page), painted)
        assert page.get_by_role("textbox", name="Prompt").input_value() == "mine"


def test_a_wipe_shows_both_images_and_a_kept_one_stays_the_one_before(page: Page) -> None:
    generate(page)
    first = page.get_by_alt_text("Generated face").get_attribute("src")
    wipe = page.get_by_role("button", name="Compare with the previous image")
    expect(wipe).to_be_disabled()  # there is nothing before
    page.get_by_role("button", name="Keep as the previous image").click()
    for example in ("Add glasses", "Open the mouth"):
        page.get_by_role("button", name=example).click()
        expect(page.locator(".strip button")).to_have_count(2 + (example == "Open the mouth"))
        expect(page.locator(".result .progress-text")).to_contain_text("kept")
    page.get_by_label("Canvas").focus()
    page.keyboard.press("w")
    before = page.get_by_alt_text("Previous image")
    expect(before).to_have_attribute("src", str(first))
    handle = page.get_by_role("slider", name="How much of the previous image is shown")
    handle.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "48")
    expect(before).to_have_css("clip-path", "inset(0px 52% 0px 0px)")
    middle = handle.bounding_box()
    for side, name in ((-1, "Before"), (1, "Now")):  # which is which, beside the line
        label = handle.get_by_text(name, exact=True).bounding_box()
        assert label is not None and middle is not None
        centre = middle["x"] + middle["width"] / 2
        assert side * (label["x"] + label["width"] / 2 - centre) > 0
    page.keyboard.down("c")
    expect(before).to_have_css("clip-path", "inset(0px 0% 0px 0px)")
    page.keyboard.up("c")
    page.keyboard.press("w")
    expect(before).to_be_hidden()
