"""The gating view in a real browser: what it shows and saves is what the gate weighed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

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
