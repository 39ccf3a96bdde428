"""The first minutes on the page, on any screen: what to do is said in place, all is in reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from studio import TEMPLATE, StudioUnderTest
from visitor import (
    FOREHEAD,
    drag,
    drawing,
    from_menu,
    generate,
    open_layers,
    open_mask,
    open_studio,
    saved_image,
    visiting,
)

from facemogle.masks.label_map import index_png

TOO_SMALL = """side => [...document.querySelectorAll(".studio :is(button, input, textarea, a)")]
    .filter((element) => element.offsetParent)
    .map((element) => (element.type === "checkbox" ? element.closest("label") : element))
    .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width < side || height < side;
    })
    .map((element) => element.ariaLabel ?? element.textContent)"""


CUT_NAMES = """() => [...document.querySelectorAll(".palette [data-region] .name")]
    .filter((name) => {
        name.click(); // the selected row has marks beside its name
        const text = name.querySelector("span");
        return text.scrollWidth > text.clientWidth;
    })
    .map((name) => name.textContent)"""

PLACES = """() => [...document.querySelectorAll(".studio :is(button, canvas)")]
    .filter((element) => !element.closest(".notices"))
    .map((element) => element.getBoundingClientRect().y)"""

OVERLAPPING = """(part) => {
    const root = part ?? document.querySelector(".studio");
    const floating = innerWidth <= 760 ? ".run" : innerWidth <= 1100 ? ".layers" : null;
    const seen = [...root.querySelectorAll(":is(button, input, textarea, a)")].filter(
        (element) => element.checkVisibility() && !element.closest(".stage, .words, .palette")
            && !(floating && !root.matches(floating) && element.closest(floating)));
    const box = (element) => element.getBoundingClientRect();
    const over = (a, b, low, high) =>
        Math.min(box(a)[high], box(b)[high]) - Math.max(box(a)[low], box(b)[low]) > 2;
    return seen.flatMap((a, i) => seen.slice(i + 1)
        .filter((b) => over(a, b, "left", "right") && over(a, b, "top", "bottom"))
        .map((b) => `${a.ariaLabel ?? a.textContent} and ${b.ariaLabel ?? b.textContent}`));
}"""

COVERED = """(root) => [...root.querySelectorAll(":is(button, input, textarea, a)")]
    .filter((element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }))
    .map((element) => (element.type === "checkbox" ? element.closest("label") : element))
    .filter((element) => {
        element.scrollIntoView({ block: "center", inline: "center" });
        const { left, right, top, bottom } = element.getBoundingClientRect();
        return ![0.1, 0.5, 0.9].every((share) => element.contains(document.elementFromPoint(
            (left + right) / 2, top + share * (bottom - top))));
    })
    .map((element) => element.ariaLabel ?? element.textContent)"""


CUT_TEXTS = """() => [...document.querySelectorAll(
        ".inspector :is(p, span, output), .status .hint, .sentence, .tiles span, .model")]
    .filter((text) => text.checkVisibility() && getComputedStyle(text).display !== "inline")
    .filter((text) => text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight)
    .map((text) => text.textContent)"""

UNCOVERED = """element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === element;
}"""

NAMELESS_TILES = """() => [...document.querySelectorAll(".tiles span")]
    .filter((name) => getComputedStyle(name).clipPath !== "none" || name.clientWidth < 20)
    .map((name) => name.textContent)"""


def test_hints_say_what_to_do_until_it_is_done(page: Page, studio: StudioUnderTest) -> None:
    tip = page.locator(".tip")
    expect(tip).to_contain_text("Painting: Hair")
    page.get_by_role("radio", name="Hat", exact=True).click()
    expect(tip).to_contain_text("Painting: Hat")
    drag(page, *FOREHEAD)  # through the hint
    expect(tip).to_be_hidden()
    assert (drawing(page) != TEMPLATE).any()

    open_studio(page, studio)
    expect(tip).to_be_hidden()  # it was understood
    generate(page)
    expect(tip).to_contain_text("Now change the drawing and generate again")
    drag(page, (200, 400), (312, 400))
    expect(tip).to_be_hidden()
    painted = drawing(page)

    from_menu(page, "Blank")
    assert not drawing(page).any()
    expect(tip).to_contain_text("Nothing is drawn yet. Paint Hat here")
    page.keyboard.press("Control+z")
    expect(tip).to_be_hidden()
    assert np.array_equal(drawing(page), painted)


@pytest.mark.visit("shared")
@pytest.mark.parametrize(
    "size", [(1440, 900), (1242, 800), (1106, 800), (1024, 768), (820, 1180), (390, 844)]
)
def test_nothing_is_cut_off_and_generate_is_on_the_first_screen(
    page: Page, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(OVERLAPPING) == []
    open_layers(page)
    page.get_by_role("radio", name="Clothes", exact=True).click()
    expect(page.locator(".status .hint")).to_have_text("Paints Clothes")
    page.keyboard.press("Escape")  # closes a tablet's drawer
    if size == (1440, 900):  # a whole screen, where nothing scrolls
        fits = "e => e.scrollHeight <= e.clientHeight"
        assert page.locator(".palette").evaluate(fits)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate(CUT_NAMES) == []
    seed = page.get_by_role("textbox", name="Seed")
    if seed.is_visible():
        steps = page.get_by_role("textbox", name="Steps")
        for field, longest in ((seed, "4294967295"), (steps, "9999")):
            field.fill(longest)
            assert field.evaluate("e => e.scrollWidth <= e.clientWidth"), longest
    where = page.get_by_role("button", name="Generate").bounding_box()
    assert where is not None and where["y"] + where["height"] <= size[1]
    assert page.evaluate(OVERLAPPING) == []
    for slider in page.locator(".studio input[type=range]").all():
        assert not slider.is_visible() or slider.evaluate("e => e.offsetWidth") >= 40


@pytest.fixture(scope="module", params=[(820, 1180), (1024, 768)])
def tablet(
    request: pytest.FixtureRequest, browser: Browser, studio: StudioUnderTest
) -> Iterator[Page]:
    width, height = request.param
    screen = {"viewport": {"width": width, "height": height}, "has_touch": True}
    with visiting(browser, studio, **screen) as page:
        yield page


def test_layers_have_names_on_a_tablet(tablet: Page) -> None:
    """They were swatches without a name, and the inspector lay over what stood beneath it."""
    handle = tablet.locator(".layers > .drawer")
    expect(handle).to_contain_text("Hair")
    expect(handle).to_be_in_viewport(ratio=1)
    handle.tap()
    for name in tablet.locator(".palette [data-region] .name span").all():
        box = name.bounding_box()
        assert box is not None and box["width"] > 20
    tablet.get_by_role("radio", name="Hat", exact=True).tap()
    expect(handle).to_contain_text("Hat")
    stage, drawer = (tablet.locator(f".painting > {part}") for part in (".stage", ".layers"))
    canvas, panel = stage.bounding_box(), drawer.bounding_box()
    assert canvas is not None and panel is not None
    assert canvas["y"] + canvas["height"] <= panel["y"]
    handle.tap()
    expect(tablet.get_by_role("radio", name="Hat", exact=True)).to_be_hidden()


def test_nothing_lies_over_a_tablets_controls(tablet: Page) -> None:
    """The inspector lay over Regenerate everything, and buttons over one another."""
    generate(tablet)
    inspector = tablet.get_by_role("group", name="Selected layer")
    expect(inspector.get_by_role("button", name="Take from…")).to_be_visible()
    expect(tablet.get_by_label("Regenerate everything")).to_be_visible()
    assert tablet.locator(".studio").evaluate(COVERED) == []
    assert tablet.evaluate(OVERLAPPING) == []
    open_layers(tablet)
    drawer = tablet.locator(".layers")
    assert drawer.evaluate(COVERED) == []
    assert drawer.evaluate(OVERLAPPING) == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_notices_leave_all_in_its_place_and_go_with_their_cause(
    page: Page, size: tuple[int, int]
) -> None:
    """What a hand aimed at jumped away, the gate below the fold; and they stayed for good."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    before = page.evaluate(PLACES)
    open_mask(page, "again.png", index_png(TEMPLATE))
    told = page.locator(".painting .notice")
    expect(told).to_contain_text("Opened again.png")
    expect(told).to_have_attribute("role", "status")
    assert page.evaluate(PLACES) == before
    from_menu(page, "Blank")
    expect(told).to_be_hidden()
    open_mask(page, "again.png", index_png(TEMPLATE))
    expect(told).to_contain_text("Opened again.png")
    generate(page)
    expect(told).to_be_hidden()

    before = page.evaluate(PLACES)
    page.get_by_role("button", name="Generate", exact=True).click()
    notice = page.locator(".result .notice")
    expect(notice).to_contain_text("Nothing has changed")
    assert page.evaluate(PLACES) == before
    expect(notice.get_by_role("button", name="Try another seed")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Control+z")
    expect(notice).to_be_hidden()  # something has


def test_a_finger_meets_every_control_of_a_phone(browser: Browser, studio: StudioUnderTest) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with visiting(browser, studio, **phone) as page:
        generate(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(TOO_SMALL, 40) == []
        page.get_by_role("radio", name="Clothes", exact=True).tap()  # far along the list
        expect(page.locator(".status .hint")).to_have_text("Paints Clothes")
        expect(page.get_by_role("button", name="Mute Clothes")).to_be_in_viewport()


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)])
def test_names_and_values_are_whole_on_a_small_desk(page: Page, size: tuple[int, int]) -> None:
    """Tiles had no names, sliders no values and no room, and a percentage was cut."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    generate(page)
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("radio", name="Right brow", exact=True).click()  # the longest name
    inspector = page.get_by_role("group", name="Selected layer")
    for shown in ("Words", "Opacity", "100 %", "Strength", "\N{MULTIPLICATION SIGN}1"):
        expect(inspector.get_by_text(shown, exact=True)).to_be_visible()
    strength = page.get_by_label("Strength of the expert")
    assert strength.evaluate("e => e.offsetWidth") >= 100
    assert page.evaluate(CUT_TEXTS) == [] == page.evaluate(NAMELESS_TILES)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    width = page.locator(".workspace").evaluate("e => e.scrollWidth")
    assert width >= size[0] - 60  # of which the page's margins are 24
    picture = page.locator(".result > .stage").bounding_box()
    assert picture is not None and picture["width"] >= 345

    open_mask(page, "face.png", saved_image(page))  # an image file, whose gate is not known
    expect(page.locator(".sentence")).to_contain_text("No gate weights came with this image")
    assert page.evaluate(CUT_TEXTS) == []


@pytest.mark.visit("shared")
def test_help_begins_with_what_an_expert_is(page: Page) -> None:
    """A newcomer found keys there, and no word on experts, gate, Mute or Strength."""
    page.get_by_role("button", name="Keys and gestures").click()
    words = page.get_by_role("dialog").locator(".about dt").all_inner_texts()
    assert words == ["Experts", "Gate", "Percentages", "Mute", "Strength", "Winners"]


def test_a_phone_tells_the_seed_and_where_the_regions_are(
    browser: Browser, studio: StudioUnderTest
) -> None:
    """Both were said a screen further down than what they were said of."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with visiting(browser, studio, **phone) as page:
        expect(page.locator(".tip")).to_contain_text("Further down are the other regions")
        assert page.evaluate(CUT_TEXTS) == []
        generate(page)
        page.evaluate("scrollTo(0, 0)")
        told = page.locator(".result .progress-text")
        expect(told).to_contain_text("2 steps, seed ")
        expect(told).to_be_in_viewport(ratio=1)
        assert told.evaluate(UNCOVERED)
