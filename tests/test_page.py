"""The page in a real browser: what is painted is what is sampled, and nothing painted is lost."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from studio import TEMPLATE, StudioUnderTest
from visitor import (
    FOREHEAD,
    PATIENCE,
    drag,
    drawing,
    from_menu,
    generate,
    heatmap,
    open_details,
    open_studio,
    take,
)

from facemogle.masks.label_map import resize_label_map
from facemogle.ui.sessions import Sessions
from facemogle.ui.studio import MODULES_URL, MODULES_VERSION

pytestmark = pytest.mark.visit("shared")

HAT = 14


@pytest.mark.visit("first")
def test_starts_on_a_template_face(page: Page) -> None:
    assert np.array_equal(drawing(page), TEMPLATE)


FETCHED = """performance.getEntriesByType("resource")
    .filter(({ name, transferSize }) => name.includes("/facemogle-ui/") && transferSize > 0)
    .map(({ name }) => name)"""


@pytest.mark.visit("first")
def test_a_browser_keeps_the_modules_until_they_change(page: Page, studio: StudioUnderTest) -> None:
    """Every visit asked for each of 87 files whether it was still the same."""
    open_studio(page, studio)
    assert page.evaluate(FETCHED) == []
    modules = f"{studio.url.rstrip('/')}/{MODULES_URL}"
    kept = httpx.get(f"{modules}/{MODULES_VERSION}/main.js")
    assert "immutable" in kept.headers["Cache-Control"]
    # A page that was open while the program was updated names the version before.
    older = httpx.get(f"{modules}/0123/main.js")
    assert older.text == kept.text and older.headers["Cache-Control"] == "no-cache"


def test_stroke_reaches_the_server_and_changes_image_and_heatmaps(
    page: Page, studio: StudioUnderTest, tmp_path: Path
) -> None:
    generate(page)
    image, tile = page.get_by_alt_text("Generated face").get_attribute("src"), heatmap(page, 15)

    take(page, "Hat")
    drag(page, *FOREHEAD)
    generate(page)

    sampled, painted = studio.requests[-1].label_map, drawing(page)
    assert np.array_equal(sampled, resize_label_map(painted, *sampled.shape))
    assert painted[170, 256] == HAT
    assert set(painted[painted != TEMPLATE]) == {HAT}  # hard edges: no third label
    assert page.get_by_alt_text("Generated face").get_attribute("src") != image
    assert heatmap(page, 15) != tile
    page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_gate_shows_every_step_and_both_scales(page: Page) -> None:
    generate(page, steps=3)
    open_details(page)
    gate = page.get_by_label("Gating view")
    slider = gate.get_by_label("Step shown")
    assert slider.get_attribute("max") == "3"
    last = heatmap(page, 1)

    slider.fill("1")
    expect(gate).to_contain_text("Step 1 of 3, t = 1.000")
    assert heatmap(page, 1) != last
    gate.locator(".tiles [data-expert='14']").click()
    gate.get_by_role("button", name="Same scale").click()
    assert gate.locator(".low").inner_text() == "0.0000"
    assert 0 < float(gate.locator(".high").inner_text()) < 1
    means = [float(text.split()[0]) for text in gate.locator(".tiles b").all_inner_texts()]
    assert len(means) == 20
    assert sum(means) == pytest.approx(100, abs=1)  # the gate is a softmax


@pytest.mark.visit("first")
def test_undo_and_redo_restore_exactly(page: Page) -> None:
    take(page, "Glasses")
    states = [TEMPLATE]
    for y in (220, 250, 280):
        drag(page, (150, y), (360, y + 20))
        states.append(drawing(page))
    from_menu(page, "Start from: Short hair")
    states.append(drawing(page))
    for state in states[-2::-1]:
        page.get_by_role("button", name="Undo").click()
        assert np.array_equal(drawing(page), state)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for state in states[1:]:
        page.get_by_role("button", name="Redo").click()
        assert np.array_equal(drawing(page), state)


def announcing(page: Page, *, has_request: bool) -> AbstractContextManager[Any]:
    """Ends when the server knows of a request that was sent, or of Stop."""
    told = f'"has_request":{str(has_request).lower()}'
    return page.expect_response(lambda answer: told in (answer.request.post_data or ""))


def begin(page: Page, steps: int) -> None:
    page.get_by_role("textbox", name="Steps").fill(str(steps))
    page.get_by_role("button", name="Generate", exact=True).click()


def test_stop_stops_at_the_next_step(page: Page, studio: StudioUnderTest, steps) -> None:
    go_on = Event()
    steps(lambda index: index < 2 or go_on.wait(PATIENCE / 1000))
    begin(page, 100)
    result = page.locator(".result")
    expect(result).to_contain_text("Step 3 of 100", timeout=PATIENCE)
    slider = page.get_by_label("Step shown")
    expect(slider).to_have_value("2")
    expect(slider).to_have_attribute("max", "100")  # it stood at its end during every run
    made = studio.steps
    with announcing(page, has_request=False):
        page.get_by_role("button", name="Stop").click()
    expect(result).to_have_attribute("data-state", "stopped")
    go_on.set()
    generate(page)  # comes in the line after what was stopped
    assert studio.steps - made < 5  # of nearly a hundred


def test_a_stopped_run_leaves_the_image_before_and_says_so(page: Page, steps) -> None:
    """ "Stopped after step 2 of 40" stood on an image of four steps."""
    generate(page)
    go_on = Event()
    steps(lambda index: index < 2 or go_on.wait(PATIENCE / 1000))
    page.get_by_role("button", name="Another seed", exact=True).click()
    begin(page, 100)
    result = page.locator(".result")
    expect(result).to_contain_text("Step 3 of 100", timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    expect(result).to_contain_text("Stopped after step 2 of 100. Previous image")
    go_on.set()


def test_newest_request_wins(page: Page, studio: StudioUnderTest, steps) -> None:
    go_on = Event()
    steps(lambda index: index < 2 or go_on.wait(PATIENCE / 1000))
    begin(page, 100)
    expect(page.locator(".result")).to_contain_text("Step 3 of 100", timeout=PATIENCE)
    made = studio.steps
    with announcing(page, has_request=True):
        begin(page, 2)
    go_on.set()
    expect(page.locator(".result")).to_contain_text("2 steps", timeout=PATIENCE)
    assert studio.steps - made < 5


def test_visitors_do_not_disturb_each_other(
    page: Page, browser: Browser, studio: StudioUnderTest, steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = browser.new_page()
    open_studio(other, studio)
    go_on, left = Event(), Event()
    steps(lambda index: index < 1 or go_on.wait(PATIENCE / 1000))
    begin(page, 4)
    expect(page.locator(".result")).to_contain_text("Step 2 of 4", timeout=PATIENCE)
    begin(other, 2)
    expect(other.locator(".result")).to_contain_text("Waiting for the model", timeout=PATIENCE)
    other.get_by_role("button", name="Stop").click()
    go_on.set()
    expect(page.locator(".result")).to_have_attribute("data-state", "done", timeout=PATIENCE)

    leave = Sessions.leave
    monkeypatch.setattr(Sessions, "leave", lambda *who: (leave(*who), left.set()))
    steps(lambda index: index < 2 or left.wait(PATIENCE / 1000))
    begin(other, 100)
    expect(other.locator(".result")).to_contain_text("Step 3 of 100", timeout=PATIENCE)
    made = studio.steps
    other.close()
    generate(page)  # who leaves frees the queue
    assert studio.steps - made < 5


@pytest.mark.visit("first")
def test_keys(page: Page) -> None:
    brush = page.get_by_role("button", name="Brush", exact=True)
    eraser = page.get_by_role("button", name="Eraser", exact=True)
    size = page.locator(".size output")
    page.keyboard.press("e")
    expect(eraser).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(brush).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    assert size.inner_text() == "21 px"
    page.keyboard.press("[")
    assert size.inner_text() == "17 px"
    for key in ("Control+z", "Control+y", "Control+Shift+Z"):
        page.keyboard.press(key)  # nothing to undo yet
    drag(page, *FOREHEAD)
    painted = drawing(page)
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("Control+Shift+Z")
    assert np.array_equal(drawing(page), painted)


def test_keys_are_off_while_typing(page: Page) -> None:
    drag(page, *FOREHEAD)
    painted = drawing(page)
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("")
    prompt.click()
    page.keyboard.type("bleached [hair]")
    assert prompt.input_value() == "bleached [hair]"
    page.keyboard.press("Control+z")
    page.get_by_role("textbox", name="Steps").fill("2")
    prompt.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".result")).to_have_attribute("data-state", "done", timeout=PATIENCE)
    assert np.array_equal(drawing(page), painted)
    expect(page.get_by_role("button", name="Brush")).to_have_attribute("aria-pressed", "true")


def test_reload_keeps_drawing_and_prompt(page: Page, studio: StudioUnderTest) -> None:
    take(page, "Hat")
    drag(page, *FOREHEAD)
    painted = drawing(page)
    page.get_by_role("textbox", name="Prompt").fill("kept")
    open_studio(page, studio)
    assert np.array_equal(drawing(page), painted)
    take(page, "Hat", "Eraser")
    drag(page, *FOREHEAD)
    assert np.array_equal(drawing(page), TEMPLATE)  # the layers were kept, not only what shows
    assert page.get_by_role("textbox", name="Prompt").input_value() == "kept"


def test_wrong_values_are_explained_in_place(page: Page) -> None:
    notice = page.locator(".result .notice")
    for name, value, message in (
        ("steps", "0", "Steps 0 is out of range. Give a whole number from 1 to 100."),
        ("steps", "many", "Steps is 'many'. Give a whole number"),
        ("seed", "9" * 30, "Seed 999999999999999999999999999999 is out of range."),
        ("seed", "", "Seed is ''."),
        ("prompt", "x" * 10_001, "The prompt has 10001 characters. Shorten it"),
    ):
        field = page.locator(f".composer [name={name}]")
        before = field.input_value()
        field.fill(value)
        page.get_by_role("button", name="Generate", exact=True).click()
        expect(notice).to_contain_text(message)
        expect(notice).to_have_attribute("data-kind", "error")
        expect(page.get_by_role("button", name="Stop")).to_be_disabled()
        field.fill(before)


def test_long_prompt_is_cut_with_a_note_and_is_only_text(page: Page) -> None:
    page.get_by_role("textbox", name="Prompt").fill("${alert(1)} <b>{{x}}</b> " + "hair " * 1900)
    generate(page)
    expect(page.locator(".unread")).to_contain_text("omitted")
