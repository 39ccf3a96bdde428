"""The gating view in a real browser: what it shows and saves is what the gate weighed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from studio import StudioUnderTest, serve_studio
from visitor import generate, heatmap, open_details, visiting

from facemogle.gate.heatmap import GLOBAL_COLOR
from facemogle.gate.trace import Trace
from facemogle.masks.regions import NUM_EXPERTS, PALETTE

DESK = {"viewport": {"width": 1440, "height": 900}}
SMALL_DESK = {"viewport": {"width": 1280, "height": 720}}

CUT_CAPTIONS = """() => [...document.querySelectorAll(".tiles :is(span, b, small)")]
    .filter((text) => text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight
        || text.getBoundingClientRect().right > text.parentElement.getBoundingClientRect().right)
    .map((text) => text.textContent)"""

# Of what is clicked to switch, and of the tiles.
PLACES = """() => [...document.querySelectorAll(".switches button, .tiles canvas")]
    .map((element) => element.getBoundingClientRect())
    .map(({ x, y, width, height }) => [x, y, width, height].map((value) => Math.round(value)))"""

WINNERS = NUM_EXPERTS
HAIR = 14
STEPS = 3


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioUnderTest]:
    """The embedded model, whose gate has something to show."""
    yield from serve_studio()


@pytest.fixture(scope="module")
def page(browser: Browser, studio: StudioUnderTest) -> Iterator[Page]:
    """The page of a visitor who has made an image."""
    with visiting(browser, studio) as page:
        generate(page, steps=STEPS)
        open_details(page)
        yield page


@pytest.fixture
def gate(page: Page) -> Locator:
    """The view as it is at first: last step, one run, the global expert."""
    gate = page.get_by_label("Gating view")
    slider = gate.get_by_label("Step shown")
    slider.fill(slider.get_attribute("max") or "")
    gate.get_by_role("button", name="One run").click()
    gate.get_by_role("button", name="Per map").click()
    choose(gate, 0)
    return gate


def choose(gate: Locator, expert: int) -> None:
    gate.locator(f".tiles [data-expert='{expert}']").click()


def values(gate: Locator, chart: str) -> list[str]:
    return gate.locator(f"{chart} .values output").all_inner_texts()


def colors(pixels: list[int]) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.array(pixels).reshape(-1, 4)[:, :3].tolist()}


def width(gate: Locator, expert: int) -> int:
    return gate.locator(f".tiles [data-expert='{expert}'] canvas").evaluate("c => c.width")


def test_scrubbing_goes_back_to_the_image_and_the_maps_of_a_step(page: Page, gate: Locator) -> None:
    """An early map over the last image would show weights where nothing was to be seen yet."""
    image = gate.get_by_alt_text("Image at this step")
    last = image.get_attribute("src"), heatmap(page, HAIR)
    gate.get_by_label("Step shown").fill("1")
    expect(gate).to_contain_text("Step 1 of")
    first = image.get_attribute("src"), heatmap(page, HAIR)
    assert first[0] != last[0] and first[1] != last[1]


def test_playing_goes_round_until_a_person_takes_a_step(gate: Locator) -> None:
    """An animation that goes on under the hand takes the step away that was looked for."""
    text, play = gate.locator(".step-text"), gate.get_by_role("button", name="Play the steps")
    expect(text).to_contain_text("Step 3 of 3")
    play.click()
    expect(text).to_contain_text("Step 1 of 3")  # round
    expect(text).to_contain_text("Step 2 of 3")
    gate.get_by_label("Step shown").fill("1")
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(text).to_contain_text("Step 1 of 3")


def test_pointing_at_a_place_shows_its_20_weights(page: Page, gate: Locator) -> None:
    """Reading the token of another place is invisible unless its region is named."""
    stage = gate.get_by_label("Map over the image")
    box = stage.bounding_box()
    assert box is not None
    stage.hover(position={"x": box["width"] * 0.5, "y": box["height"] * 0.05})
    top = values(gate, ".at-place")
    assert len(top) == NUM_EXPERTS
    assert sum(map(float, top)) == pytest.approx(1, abs=0.02)
    expect(gate.locator(".place-text")).to_have_text(re.compile(r"^\w[\w ]+, row 1, column 9$"))
    assert gate.locator(".at-place .curve:not(.chosen)").count() == NUM_EXPERTS

    stage.focus()
    page.keyboard.press("ArrowDown")
    expect(gate.locator(".place-text")).to_contain_text("row 2, column 9")
    assert values(gate, ".at-place") != top


def test_means_are_told_apart_inside_and_outside(gate: Locator) -> None:
    """The global expert has no region: a number for it would be of some other expert's."""
    gate.get_by_role("button", name="Inside its region").click()
    inside = values(gate, ".means")
    gate.get_by_role("button", name="Outside").click()
    outside = values(gate, ".means")
    gate.get_by_role("button", name="Everywhere").click()
    whole = values(gate, ".means")
    assert inside[0] == outside[0] == "\N{EN DASH}"
    assert sum(map(float, whole)) == pytest.approx(1, abs=0.02)
    low, high = sorted((float(inside[HAIR]), float(outside[HAIR])))
    assert low - 0.001 <= float(whole[HAIR]) <= high + 0.001


def test_winners_are_in_the_regions_colours(page: Page, gate: Locator) -> None:
    """Expert numbers are one above region numbers: off by one, skin wins where the nose does."""
    choose(gate, WINNERS)
    expect(gate.locator(".expert-text")).to_have_text("Winning experts")
    assert colors(heatmap(page, WINNERS)) <= {GLOBAL_COLOR, *PALETTE}


def test_exports_arrive_and_can_be_read(page: Page, gate: Locator, tmp_path: Path) -> None:
    """The trace is the page's numbers; the film has every step."""
    choose(gate, HAIR)
    files = {}
    for name in ("Data (.npz)", "Poster (PNG)", "GIF", "MP4"):
        with page.expect_download() as download:
            gate.get_by_role("button", name=name, exact=True).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])

    trace = Trace.load(files["Data (.npz)"])
    assert len(trace.times) == STEPS
    shown = gate.locator(f".tiles [data-expert='{HAIR}'] b").inner_text()
    mean = trace.gate_weights[-1, :, HAIR].mean()
    assert float(shown.split()[0]) == pytest.approx(100 * mean, abs=0.06)
    assert (
        files["Poster (PNG)"].suffix == ".png" and Image.open(files["Poster (PNG)"]).format == "PNG"
    )
    film = Image.open(io.BytesIO(files["GIF"].read_bytes()))
    assert film.format == "GIF" and getattr(film, "n_frames", 1) == STEPS
    with av.open(files["MP4"]) as video:
        assert video.streams.video[0].codec_context.name == "h264"


def test_two_runs_are_compared(browser: Browser, studio: StudioUnderTest) -> None:
    """The pinned run must stay as it was while the next one is made."""
    with visiting(browser, studio) as page:
        gate = page.get_by_label("Gating view")
        open_details(page)
        expect(gate.get_by_role("button", name="Difference")).to_be_disabled()
        generate(page, steps=2)
        open_details(page)
        gate.get_by_role("button", name="Pin this run").click()
        columns, before = width(gate, HAIR), heatmap(page, HAIR)
        gate.get_by_role("button", name="Difference").click()
        assert len(colors(heatmap(page, HAIR))) == 1  # from itself nothing differs

        page.get_by_role("textbox", name="Prompt").fill("an old man with grey hair and a beard")
        generate(page, steps=2)
        assert len(colors(heatmap(page, HAIR))) > 1
        low, high = gate.locator(".low").inner_text(), gate.locator(".high").inner_text()
        assert low == f"\N{MINUS SIGN}{high}" and float(high) > 0
        choose(gate, HAIR)
        expect(gate.locator(".means .curve.before")).to_have_css("display", "inline")

        gate.get_by_role("button", name="Side by side").click()
        assert width(gate, HAIR) == 2 * columns + 1
        expect(gate.get_by_alt_text("Image of the run compared with")).to_be_visible()
        gate.get_by_role("button", name="One run").click()
        assert heatmap(page, HAIR) != before


@pytest.mark.parametrize("screen", [DESK, SMALL_DESK])
def test_a_difference_says_of_what_and_moves_nothing(
    browser: Browser, studio: StudioUnderTest, screen: dict[str, Any]
) -> None:
    """Captions were cut, tiles grew under the hand, and what was subtracted was not said."""
    with visiting(browser, studio, **screen) as page:
        page.get_by_role("textbox", name="Seed").fill("7")
        generate(page, steps=2)
        page.get_by_role("textbox", name="Seed").fill("8")
        generate(page, steps=3)
        gate = page.get_by_label("Gating view")
        open_details(page)
        expect(gate.get_by_role("button", name="One run")).to_be_in_viewport(ratio=1)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        before, one = page.evaluate(PLACES), heatmap(page, HAIR)
        assert page.evaluate(CUT_CAPTIONS) == []
        gate.get_by_role("button", name="Difference").click()
        expect(gate.locator(".versus")).to_contain_text("minus the run before (seed 7, 2 steps)")
        assert page.evaluate(CUT_CAPTIONS) == []
        assert page.evaluate(PLACES) == before
        assert all(width == height for _, _, width, height in before[-NUM_EXPERTS - 1 :])

        page.get_by_role("button", name="Details", exact=True).click()  # what is told goes with it
        expect(gate.locator(".versus")).to_be_hidden()
        expect(gate).to_have_attribute("data-mode", "run")
        assert heatmap(page, HAIR) == one


@pytest.mark.parametrize("screen", [DESK, SMALL_DESK])
def test_details_come_into_view(
    browser: Browser, studio: StudioUnderTest, screen: dict[str, Any]
) -> None:
    """They opened below the window's edge, where nobody saw them."""
    with visiting(browser, studio, **screen) as page:
        generate(page, steps=2)
        page.evaluate("scrollTo(0, 0)")
        open_details(page)
        for part in (".switches", ".tiles", ".over.now", ".legend"):
            expect(page.locator(f".gate {part}")).to_be_in_viewport(ratio=0.99)


def test_a_step_is_shown_in_the_picture(browser: Browser, studio: StudioUnderTest) -> None:
    """The maps went back to the step and the picture stayed; the small images were foreheads."""
    with visiting(browser, studio) as page:
        generate(page, steps=4)
        picture, label = page.get_by_alt_text("Image at the step shown"), page.locator(".at-step")
        expect(label).to_be_hidden()
        steps = page.get_by_role("group", name="Steps").get_by_role("button")
        for step in steps.all():
            box = step.locator("img").bounding_box()
            assert box is not None and box["width"] == pytest.approx(box["height"], abs=1)
        steps.nth(0).click()
        expect(label).to_have_text("Step 1 of 4")
        first = steps.nth(0).locator("img").get_attribute("src")
        expect(picture).to_have_attribute("src", first or "")
        expect(picture).to_be_visible()
        steps.nth(3).click()
        expect(picture).to_be_hidden()

        steps.nth(1).click()
        expect(label).to_have_text("Step 2 of 4")
        page.get_by_role("textbox", name="Prompt").fill("an old man")
        generate(page, steps=2)
        expect(label).to_be_hidden()  # a step of the face before
