"""Each tool of the page, by mouse, touch and keyboard alone, leaves the expected label map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from studio import TEMPLATE, StudioUnderTest
from visitor import (
    FRAMES,
    SIDE,
    drag,
    draw,
    drawing,
    from_menu,
    generate,
    open_studio,
    places,
    take,
    touch,
    visiting,
)

from facemogle.masks.reading import swap_sides

pytestmark = pytest.mark.visit("shared")

LEFT_EYE_AT = (314, 236)  # x, y in the first template
SKIN, NOSE, L_EYE, R_EYE, HAIR, HAT, CLOTH = 1, 2, 4, 5, 13, 14, 18


@pytest.fixture(scope="module")
def screen() -> dict[str, Any]:
    return {"has_touch": True}


def colors(page: Page, x: int, y: int) -> list[int]:
    """RGBA of one pixel as the canvas shows it."""
    page.evaluate("() => new Promise(requestAnimationFrame)")
    script = """(canvas, at) =>
        [...canvas.getContext("2d").getImageData(at[0], at[1], 1, 1).data]"""
    return page.locator(".paper canvas").evaluate(script, [x, y])


def test_rectangle_and_lasso(page: Page) -> None:
    take(page, "Hat", "Rectangle")
    drag(page, (200, 20), (300, 60))
    painted = drawing(page)
    rows, columns = np.nonzero(painted != TEMPLATE)
    edges = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    assert edges == pytest.approx((20, 60, 200, 300), abs=2)  # the pointer's place is rounded
    assert (painted[edges[0] : edges[1], edges[2] : edges[3]] == HAT).all()
    page.keyboard.press("Control+z")

    take(page, "Hat", "Lasso")
    drag(page, (200, 20), (300, 60))  # out and nowhere: an outline without area
    assert np.array_equal(drawing(page), TEMPLATE)
    draw(page, (100, 20), (180, 20), (100, 100))
    painted = drawing(page) == HAT
    inside = np.add.outer(np.arange(SIDE), np.arange(SIDE)) < 200  # below the third side
    assert (painted & ~inside).sum() < 200  # the places of the pointer are rounded
    assert painted.sum() == pytest.approx(80 * 80 / 2, rel=0.06)


def test_eraser_bares_what_lies_beneath(page: Page) -> None:
    x, y = LEFT_EYE_AT
    take(page, "Left eye", "Eraser")
    drag(page, (x - 40, y), (x + 40, y))
    erased = drawing(page)
    assert erased[y, x] == SKIN  # of an eye that came as a flat mask
    assert set(TEMPLATE[erased != TEMPLATE]) == {L_EYE}  # nothing else was erased

    take(page, "Hat")
    drag(page, (256, 280), (256, 320))  # over nose
    take(page, "Hat", "Eraser")
    drag(page, (256, 280), (256, 320))
    assert np.array_equal(drawing(page), erased)


def test_fill_stays_in_its_area(page: Page) -> None:
    take(page, "Clothes", "Fill")
    drag(page, (256, 320), (256, 320))
    filled = drawing(page)
    assert np.array_equal(filled != TEMPLATE, TEMPLATE == NOSE)


def test_stroke_goes_on_outside_of_the_canvas(page: Page) -> None:
    take(page, "Hat")
    canvas = page.get_by_label("Canvas").bounding_box()
    assert canvas is not None
    page.mouse.move(canvas["x"] + 20, canvas["y"] + 30)
    page.mouse.down()
    page.mouse.move(canvas["x"] - 60, canvas["y"] + 30, steps=4)
    page.mouse.move(canvas["x"] - 60, canvas["y"] + 130, steps=4)
    page.mouse.move(canvas["x"] + 20, canvas["y"] + 130, steps=4)
    page.mouse.up()
    painted = drawing(page)
    top, bottom = (round(y * SIDE / canvas["height"]) for y in (30, 130))
    assert painted[top, 2] == painted[bottom, 2] == HAT
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)  # one stroke, one undo


def test_a_stroke_covers_what_the_ring_shows(page: Page) -> None:
    take(page, "Hat")
    draw(page, (200, 60))
    ring = page.locator(".ring").bounding_box()
    canvas = page.get_by_label("Canvas").bounding_box()
    assert ring is not None and canvas is not None
    rows, columns = np.nonzero(drawing(page) != TEMPLATE)
    scale = canvas["width"] / SIDE
    covered = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    corner = ((ring["x"] - canvas["x"]) / scale, (ring["y"] - canvas["y"]) / scale)
    assert covered[:2] == pytest.approx(corner, abs=1.5)
    assert covered[2] - covered[0] == covered[3] - covered[1]
    assert covered[2] - covered[0] == pytest.approx(ring["width"] / scale, abs=0.05)

    page.keyboard.press("e")
    draw(page, (200, 60))
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("u")
    expect(page.locator(".ring")).to_be_hidden()  # a rectangle has no size


def test_more_than_a_hundred_strokes_are_taken_back_one_by_one(page: Page) -> None:
    take(page, "Hat")
    count = 102
    spots = places(page, *[(40 + 40 * (k % 11), 20 + 45 * (k // 11)) for k in range(count)])
    for spot in spots[:-1]:
        page.mouse.click(*spot)
    before = drawing(page)
    page.mouse.click(*spots[-1])
    painted = drawing(page)
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), before)
    page.keyboard.press("Control+Shift+z")
    assert np.array_equal(drawing(page), painted)
    for _ in range(count):
        page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)
    for _ in range(count):
        page.keyboard.press("Control+y")
    assert np.array_equal(drawing(page), painted)


def pen(session: CDPSession, kind: str, at: tuple[float, float], **more: float) -> None:
    event = {"type": kind, "x": at[0], "y": at[1], "pointerType": "pen", "button": "left"}
    session.send("Input.dispatchMouseEvent", {**event, "buttons": 1, "clickCount": 1, **more})


def test_a_pen_paints_as_wide_as_it_is_pressed(page: Page) -> None:
    canvas = page.get_by_label("Canvas").bounding_box()
    assert canvas is not None
    session = page.context.new_cdp_session(page)
    take(page, "Hat")
    page.get_by_label("Brush size").fill("0.7")
    widths = []
    for row, force in enumerate((0.1, 0.5, 1.0)):
        y = canvas["y"] + 30 + 40 * row
        pen(session, "mousePressed", (canvas["x"] + 40, y), force=force)
        pen(session, "mouseMoved", (canvas["x"] + 200, y), force=force)
        pen(session, "mouseReleased", (canvas["x"] + 200, y), force=0)
        changed = drawing(page)[:, SIDE // 4] == HAT
        widths.append(int(changed.sum()) - sum(widths))
    assert 0 < widths[0] < widths[1] < widths[2]


def test_replace_changes_all_of_a_region(page: Page) -> None:
    take(page, "Clothes", "Replace")
    drag(page, (256, 320), (256, 320))
    assert np.array_equal(drawing(page), np.where(TEMPLATE == NOSE, CLOTH, TEMPLATE))
    expect(page.locator(".row[data-region='2'] .badge")).to_have_text("empty")


def test_pick_by_key_and_with_alt(page: Page) -> None:
    page.keyboard.press("i")
    drag(page, (256, 320), (256, 320))
    nose = page.get_by_role("radio", name="Nose", exact=True)
    expect(nose).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("button", name="Brush", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.down("Alt")
    drag(page, (314, 236), (314, 236))
    page.keyboard.up("Alt")
    eye = page.get_by_role("radio", name="Left eye", exact=True)
    expect(eye).to_have_attribute("aria-checked", "true")
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("q")
    expect(nose).to_have_attribute("aria-checked", "true")


def test_locked_layer_survives_every_tool(page: Page) -> None:
    take(page, "Nose")
    page.get_by_role("button", name="Lock Nose").click()
    expect(page.locator(".status .hint")).to_contain_text("Nose is locked")
    for tool in ("Brush", "Eraser"):
        take(page, "Nose", tool)
        drag(page, (150, 300), (380, 320))
    page.keyboard.press("Shift+C")
    take(page, "Hat", "Rectangle")
    drag(page, (100, 200), (400, 400))
    assert np.array_equal(drawing(page) == NOSE, TEMPLATE == NOSE)


def test_eye_and_solo_change_the_screen_only(page: Page) -> None:
    take(page, "Nose")
    shown = colors(page, 256, 320)
    page.get_by_role("button", name="Hide Nose").click()
    assert colors(page, 256, 320) != shown
    page.get_by_role("button", name="Hide Nose").click()
    assert colors(page, 256, 320) == shown
    page.get_by_role("button", name="Show only Nose").click()
    assert colors(page, 256, 320) == shown
    assert colors(page, 256, 500)[3] < 255
    assert np.array_equal(drawing(page), TEMPLATE)


def test_mirror_paints_both_sides_about_its_axis(page: Page) -> None:
    page.keyboard.press("m")
    axis = page.get_by_role("slider", name="Mirror axis")
    axis.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    assert axis.get_attribute("aria-valuenow") == "250"
    take(page, "Left eye", "Rectangle")
    drag(page, (400, 20), (440, 40))
    painted = drawing(page)[:60]
    assert (painted == L_EYE).sum() == pytest.approx(20 * 40, rel=0.2)
    assert np.array_equal((painted == L_EYE)[:, 250:499], (painted == R_EYE)[:, 249:0:-1])
    handle, canvas = axis.bounding_box(), page.get_by_label("Canvas").bounding_box()
    assert handle is not None and canvas is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 8)
    page.mouse.down()
    page.mouse.move(canvas["x"] + canvas["width"] / 4, handle["y"] + 40, steps=4)
    page.mouse.up()
    assert axis.get_attribute("aria-valuenow") == "128"
    assert np.array_equal(drawing(page)[:60], painted)  # dragging it paints nothing
    axis.dblclick()
    assert axis.get_attribute("aria-valuenow") == "256"


def test_moving_an_eye_leaves_skin_beneath(page: Page) -> None:
    take(page, "Left eye", "Move layer")
    drag(page, (314, 236), (314, 266))
    moved = drawing(page)
    eye = TEMPLATE == L_EYE
    way = int(np.argwhere(moved == L_EYE)[0, 0] - np.argwhere(eye)[0, 0])
    assert way == pytest.approx(30, abs=2)
    assert np.array_equal(moved == L_EYE, np.roll(eye, way, axis=0))
    assert set(moved[eye & (moved != L_EYE)]) == {SKIN}
    page.get_by_label("Canvas").focus()
    for _ in range(way):
        page.keyboard.press("ArrowUp")
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("Shift+H")
    flipped = drawing(page)
    assert (flipped == L_EYE).sum() == eye.sum()
    page.keyboard.press("Shift+H")
    assert np.array_equal(drawing(page), TEMPLATE)


def test_line_with_shift_and_clear(page: Page) -> None:
    take(page, "Hat")
    drag(page, (30, 30), (30, 30))
    page.keyboard.down("Shift")
    drag(page, (180, 30), (180, 30))
    page.keyboard.up("Shift")
    assert drawing(page)[30, 105] == HAT
    page.keyboard.press("Shift+C")
    assert np.array_equal(drawing(page), TEMPLATE)


def test_one_region_comes_from_another_face(page: Page) -> None:
    take(page, "Hair")
    from_menu(page, "Start from: Short hair")
    other = drawing(page)
    from_menu(page, "Start from: Long hair")
    from_menu(page, "Start from: Short hair", "Shift")
    assert np.array_equal(drawing(page) == HAIR, other == HAIR)


def test_wheel_zooms_pans_and_sizes(page: Page) -> None:
    stage = page.get_by_label("Canvas").bounding_box()
    assert stage is not None
    middle = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    zoom = page.locator("[data-command=fit]")
    fitted = zoom.inner_text()
    page.mouse.move(*middle)
    page.mouse.wheel(0, -600)
    expect(zoom).not_to_have_text(fitted)
    take(page, "Hat")
    page.mouse.click(*middle)
    painted = drawing(page)
    changed = np.argwhere(painted != TEMPLATE)
    assert np.abs(changed.mean(axis=0) - SIDE / 2).max() < 2  # where the pointer was, zoomed

    page.mouse.move(*middle)
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(middle[0] + 80, middle[1], steps=4)
    page.mouse.up()
    page.keyboard.up("Space")
    assert np.array_equal(drawing(page), painted)
    page.mouse.click(*middle)
    assert np.argwhere(drawing(page) != painted)[:, 1].mean() < SIDE / 2 - 10
    page.mouse.move(*middle)
    page.mouse.down(button="middle")
    page.mouse.move(middle[0], middle[1] + 60, steps=4)
    page.mouse.up(button="middle")
    page.mouse.click(*middle)
    assert np.argwhere(drawing(page) != painted)[:, 0].mean() < SIDE / 2 - 5
    page.keyboard.press("Control+0")
    expect(zoom).to_have_text(fitted)

    size = page.locator(".size output")
    before = size.inner_text()
    page.mouse.move(*middle)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(size).not_to_have_text(before)


def test_two_fingers_zoom_and_paint_nothing(browser: Browser, studio: StudioUnderTest) -> None:
    """On a page of its own, where Undo tells that something was painted."""
    with visiting(browser, studio, has_touch=True) as page:
        box = page.get_by_label("Canvas").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        zoom = page.locator("[data-command=fit]")
        fitted = zoom.inner_text()
        session = page.context.new_cdp_session(page)
        touch(session, "touchStart", (x - 30, y))  # would paint, were it alone
        touch(session, "touchMove", (x - 34, y))
        touch(session, "touchStart", (x - 34, y), (x + 30, y))
        for spread in (40, 60, 90):
            touch(session, "touchMove", (x - spread, y), (x + spread, y))
        touch(session, "touchEnd")
        expect(zoom).not_to_have_text(fitted)
        undo = page.get_by_role("button", name="Undo", exact=True)
        expect(undo).to_be_disabled()
        page.keyboard.press("Control+0")
        expect(zoom).to_have_text(fitted)
        page.evaluate(FRAMES)
        touch(session, "touchStart", (x, y))  # and one finger paints again
        touch(session, "touchEnd")
        expect(undo).to_be_enabled()
        changed = np.argwhere(drawing(page) != TEMPLATE)
        assert len(changed) and np.abs(changed - SIDE / 2).max() < 12  # its dab, and nothing else


def test_keyboard_alone_paints(page: Page) -> None:
    page.keyboard.press("Alt+]")
    page.keyboard.press("Alt+[")
    hair = page.get_by_role("radio", name="Hair", exact=True)
    expect(hair).to_have_attribute("aria-checked", "true")
    hair.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(hair).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Hide Hair")).to_be_focused()

    stage = page.get_by_label("Canvas")
    drag(page, (256, 300), (256, 300))  # the arrows steer from here, on the nose
    page.keyboard.press("Control+z")
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    painted = drawing(page)
    assert (painted != TEMPLATE).sum() == 16 * 8
    assert set(painted[painted != TEMPLATE]) == {HAIR}
    stage.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    assert np.array_equal(drawing(page), painted)


def test_sheet_lists_keys_and_holds_the_others_back(page: Page) -> None:
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys and gestures")
    expect(sheet).to_contain_text("Straight line from the last point")
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.get_by_role("button", name="Brush", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.focus()
    page.keyboard.type("?")
    expect(sheet).to_be_hidden()
    page.locator("h1").click()


def test_locks_and_mirror_survive_a_reload(page: Page, studio: StudioUnderTest) -> None:
    take(page, "Nose")
    page.get_by_role("button", name="Lock Nose").click()
    page.keyboard.press("m")
    open_studio(page, studio)
    for name in ("Lock Nose", "Mirror"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-pressed", "true")


def test_swapped_sides_match_the_library(page: Page) -> None:
    page.get_by_role("button", name="Swap sides").click()
    assert np.array_equal(drawing(page), swap_sides(TEMPLATE))


def test_drawing_fades_over_the_image(page: Page) -> None:
    generate(page)
    opacity = page.get_by_role("slider", name="Opacity of the mask")
    opacity.fill("0.4")
    expect(page.locator(".paper img")).to_be_visible()
    expect(page.locator(".paper canvas")).to_have_css("opacity", "0.4")
    opacity.fill("1")
