"""The gating view's switches and its place on the desk, in a real browser, on the tiny model."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, ViewportSize, expect
from visitor import generate, heatmap, open_details

from facemogle.masks.regions import NUM_EXPERTS

pytestmark = pytest.mark.visit("shared")

HAIR = 14
DESKS = (ViewportSize(width=1440, height=900), ViewportSize(width=1280, height=720))

CUT_CAPTIONS = """() => [...document.querySelectorAll(".tiles :is(span, b, small)")]
    .filter((text) => text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight
        || text.getBoundingClientRect().right > text.parentElement.getBoundingClientRect().right)
    .map((text) => text.textContent)"""

# Of what is clicked to switch, and of the tiles.
PLACES = """() => [...document.querySelectorAll(".switches button, .tiles canvas")]
    .map((element) => element.getBoundingClientRect())
    .map(({ x, y, width, height }) => [x, y, width, height].map((value) => Math.round(value)))"""


def num_colors(page: Page) -> int:
    """Of the hair's tile."""
    return len(np.unique(np.reshape(heatmap(page, HAIR), (-1, 4)), axis=0))


def width(page: Page) -> int:
    """Of the hair's tile."""
    return page.locator(f".tiles [data-expert='{HAIR}'] canvas").evaluate("c => c.width")


@pytest.mark.visit("first")
def test_two_runs_are_compared(page: Page) -> None:
    """The pinned run must stay as it was while the next one is made."""
    gate = page.get_by_label("Gating view")
    open_details(page)
    expect(gate.get_by_role("button", name="Difference")).to_be_disabled()
    generate(page, steps=2)
    open_details(page)
    gate.get_by_role("button", name="Pin this run").click()
    columns, before = width(page), heatmap(page, HAIR)
    gate.get_by_role("button", name="Difference").click()
    assert num_colors(page) == 1  # from itself nothing differs

    page.get_by_role("textbox", name="Prompt").fill("an old man with grey hair and a beard")
    generate(page, steps=2)
    assert num_colors(page) > 1
    low, high = gate.locator(".low").inner_text(), gate.locator(".high").inner_text()
    assert low == f"\N{MINUS SIGN}{high}" and float(high) > 0
    gate.locator(f".tiles [data-expert='{HAIR}']").click()
    expect(gate.locator(".means .curve.before")).to_have_css("display", "inline")

    gate.get_by_role("button", name="Side by side").click()
    assert width(page) == 2 * columns + 1
    expect(gate.get_by_alt_text("Image of the run compared with")).to_be_visible()
    gate.get_by_role("button", name="One run").click()
    assert heatmap(page, HAIR) != before


@pytest.mark.parametrize("desk", DESKS)
def test_a_difference_says_of_what_and_moves_nothing(page: Page, desk: ViewportSize) -> None:
    """Captions were cut, tiles grew under the hand, and what was subtracted was not said."""
    page.set_viewport_size(desk)
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


@pytest.mark.visit("first")
@pytest.mark.parametrize("desk", DESKS)
def test_details_come_into_view(page: Page, desk: ViewportSize) -> None:
    """They opened below the window's edge, where nobody saw them."""
    page.set_viewport_size(desk)
    generate(page, steps=2)
    page.evaluate("scrollTo(0, 0)")
    open_details(page)
    for part in (".switches", ".tiles", ".over.now", ".legend"):
        expect(page.locator(f".gate {part}")).to_be_in_viewport(ratio=0.99)


def test_a_step_is_shown_in_the_picture(page: Page) -> None:
    """The maps went back to the step and the picture stayed; the small images were foreheads."""
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
