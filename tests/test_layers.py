"""Layers of the page by mouse, touch and keys: order, opacity, mute, strength, gate weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from served import TEMPLATES
from studio import TEMPLATE, StudioUnderTest
from visitor import PATIENCE, drawing, generate, open_studio, take, touch
from waiting import until

from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.runs.experts import UNTOUCHED

pytestmark = pytest.mark.visit("shared")

SKIN, NOSE, L_EYE, R_BROW, HAIR, HAT = 1, 2, 4, 7, 13, 14
SILENT = "\N{MULTIPLICATION SIGN}0"  # what a row says of an expert of strength 0
SHORT_HAIR = read_mask(TEMPLATES / "short_hair.png").label_map


@pytest.fixture(scope="module")
def screen() -> dict[str, Any]:
    return {"has_touch": True}


def row(page: Page, region: int) -> Locator:
    return page.locator(f".palette [data-region='{region}']")


def show_the_middle(page: Page) -> None:
    """The list may be longer than its place: rows of a drag have to be in sight."""
    page.locator(".palette").evaluate("list => (list.scrollTop = 150)")


def names(page: Page) -> list[str]:
    """The layers as listed, the highest first."""
    return page.locator(".palette [data-region] .name").all_inner_texts()


def inspector(page: Page) -> Locator:
    return page.get_by_role("group", name="Selected layer")


@pytest.mark.visit("first")
def test_mute_and_strengths_reach_the_experts_and_come_back(
    page: Page, studio: StudioUnderTest
) -> None:
    generate(page)
    assert studio.requests[-1].experts.muted == ()
    assert studio.requests[-1].experts.strengths == UNTOUCHED

    take(page, "Hair")
    page.get_by_role("button", name="Mute Hair").click()
    page.get_by_role("button", name="Global", exact=True).locator("visible=true").first.click()
    inspector(page).get_by_label("Strength of the expert").fill("-10")
    generate(page)
    strengths = (0, *UNTOUCHED[1:])
    for entry in (None, "first", "reload"):
        if entry == "first":  # the history brings back how the experts were heard
            page.locator(".strip button").last.click()
            expect(page.locator(".palette")).not_to_contain_text(SILENT)
            page.locator(".strip button").first.click()
        if entry == "reload":
            open_studio(page, studio)
        if entry:
            generate(page)
        assert studio.requests[-1].experts.muted == (HAIR,)
        assert studio.requests[-1].experts.strengths == strengths
        expect(page.locator(".palette")).to_contain_text(SILENT)
    weights = page.locator(".layers .row .weight").all_inner_texts()
    assert weights[0] == "0.0 %"  # the global expert was not heard


def test_rows_show_the_gates_mean_weights(page: Page) -> None:
    generate(page)
    tiles = [
        page.locator(f".tiles [data-expert='{expert}'] b").inner_text() for expert in range(20)
    ]
    for expert, region in ((SKIN + 1, SKIN), (HAT + 1, HAT)):
        expect(row(page, region).locator(".weight")).to_have_text(tiles[expert])
    shares = page.locator(".palette .row").evaluate_all(
        "rows => rows.map(row => Number(row.style.getPropertyValue('--share')))"
    )
    assert len(shares) == 20 and max(shares) == 1 and min(shares) > 0
    take(page, "Hair")
    expect(inspector(page).locator(".weight")).to_have_text(tiles[HAIR + 1])


def test_dragging_a_row_changes_what_covers_what(page: Page, studio: StudioUnderTest) -> None:
    before = names(page)
    assert before[-1] == "Background"
    show_the_middle(page)
    held, target = row(page, SKIN).locator(".name"), row(page, R_BROW)
    held.hover()
    page.mouse.down()
    box = target.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 4, steps=6)
    page.mouse.up()
    covered = drawing(page)
    assert names(page).index("Skin") == names(page).index("Right brow") - 1
    faceless = {NOSE, L_EYE, R_BROW}
    assert not faceless & set(covered[TEMPLATE != HAIR])
    assert set(covered[np.isin(TEMPLATE, [*faceless])]) == {SKIN}
    expect(row(page, NOSE).locator(".badge")).to_have_text("covered")
    hair = page.get_by_role("radio", name="Hair")
    expect(hair).to_have_attribute("aria-checked", "true")  # a drag takes nothing in hand
    open_studio(page, studio)
    assert np.array_equal(drawing(page), covered)  # the order is kept with the drawing


def test_a_finger_drags_a_row_by_its_swatch(page: Page) -> None:
    """By its name it would be lost to scrolling."""
    before = names(page)
    show_the_middle(page)
    swatch, target = row(page, SKIN).locator("i").bounding_box(), row(page, NOSE).bounding_box()
    assert swatch is not None and target is not None
    x, y = swatch["x"] + 8, swatch["y"] + 8
    session = page.context.new_cdp_session(page)
    touch(session, "touchStart", (x, y))
    for share in (0.3, 0.7, 1):
        touch(session, "touchMove", (x, y + share * (target["y"] + 2 - y)))
    touch(session, "touchEnd")
    moved = [name for name in before if name != "Skin"]
    moved.insert(moved.index("Nose"), "Skin")
    assert names(page) == moved


@pytest.mark.visit("first")
def test_order_by_keyboard_alone_and_back(page: Page) -> None:
    before = names(page)
    take(page, "Nose")
    nose = page.get_by_role("radio", name="Nose")
    nose.focus()
    while names(page).index("Nose") < names(page).index("Skin"):
        page.keyboard.press("Alt+ArrowDown")
    expect(nose).to_be_focused()
    covered = drawing(page)
    assert np.array_equal(covered, np.where(TEMPLATE == NOSE, SKIN, TEMPLATE))
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("Control+y")
    assert np.array_equal(drawing(page), covered)
    while page.get_by_role("button", name="Undo", exact=True).is_enabled():
        page.keyboard.press("Control+z")
    assert names(page) == before
    page.keyboard.press("Alt+Shift+]")
    assert names(page).index("Nose") == before.index("Nose") - 1
    page.keyboard.press("Alt+Shift+[")
    assert names(page) == before


def test_one_layer_after_the_other_by_keyboard(page: Page) -> None:
    """Everything of a layer is on Tab's way from its row, and nothing of the others."""
    page.get_by_role("radio", name="Hair").focus()
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.ariaLabel ?? ''"))
        if seen[-1] == "Move the layer down":
            break
    assert seen[:4] == ["Hide Hair", "Lock Hair", "Show only Hair", "Mute Hair"]
    own = {"Words for this region", "Opacity of the layer", "Strength of the expert"}
    assert own < set(seen) and seen[-2:] == ["Move the layer up", "Move the layer down"]
    assert not any(name.startswith(("Hide", "Lock", "Show only", "Mute")) for name in seen[4:])
    page.keyboard.press("Enter")
    assert names(page).index("Hair") == 3


def test_opacity_shows_what_lies_beneath_and_leaves_the_mask(page: Page) -> None:
    take(page, "Nose")
    slider = inspector(page).get_by_label("Opacity of the layer")
    script = "canvas => [...canvas.getContext('2d').getImageData(256, 320, 1, 1).data]"

    def color() -> list[int]:
        page.evaluate("() => new Promise(requestAnimationFrame)")
        return page.locator(".paper canvas").evaluate(script)

    assert color() == [76, 153, 0, 255]
    slider.fill("0.5")
    assert color() == pytest.approx([140, 76, 0, 255], abs=1)  # half nose, half skin
    assert np.array_equal(drawing(page), TEMPLATE)
    slider.dblclick()
    assert color() == [76, 153, 0, 255]


def test_a_region_comes_from_a_template_or_a_file(page: Page) -> None:
    take(page, "Hair")
    page.get_by_role("button", name="Take from…").click()
    dialog = page.get_by_role("dialog", name="Take a region from another face")
    dialog.get_by_role("button", name="Short hair").click()
    expect(dialog).to_be_hidden()
    taken = drawing(page)
    assert np.array_equal(taken == HAIR, SHORT_HAIR == HAIR)
    page.get_by_role("button", name="Undo", exact=True).click()
    assert np.array_equal(drawing(page), TEMPLATE)

    other = np.zeros_like(TEMPLATE)
    other[300:320, 100:140] = HAT
    content = index_png(other)
    file = {"name": "hat.png", "mimeType": "image/png", "buffer": content}
    take(page, "Hat")
    page.get_by_role("button", name="Take from…").click()
    page.get_by_label("File to take a region from").set_input_files(file)  # type: ignore[arg-type]
    notice = page.locator(".painting .notice")
    expect(notice).to_contain_text("Took hat from hat.png")
    assert np.array_equal(drawing(page), np.where(other == HAT, HAT, TEMPLATE))
    take(page, "Glasses")
    page.get_by_role("button", name="Take from…").click()
    page.get_by_label("File to take a region from").set_input_files(file)  # type: ignore[arg-type]
    expect(notice).to_contain_text("hat.png has no glasses")


@pytest.mark.visit("first")
def test_a_muted_expert_is_a_change_that_live_mode_follows(
    page: Page, studio: StudioUnderTest
) -> None:
    """It must be a whole new face, not an edit of the one that was."""
    page.get_by_label("Live", exact=True).check()
    text = page.locator(".result .progress-text")
    expect(text).to_contain_text("2 steps", timeout=PATIENCE)
    made = len(studio.requests)
    take(page, "Hair")
    page.get_by_role("button", name="Mute Hair").click()
    until(lambda: len(studio.requests) > made, "for the change to be followed")
    assert studio.requests[-1].experts.muted == (HAIR,)
    expect(text).to_contain_text("2 steps", timeout=PATIENCE)
    expect(text).not_to_contain_text("kept")
