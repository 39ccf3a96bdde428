"""The page says what is: whose gate is shown, what has changed, what failed, what is kept."""

from __future__ import annotations

import base64
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from studio import TEMPLATE, StudioUnderTest
from visitor import (
    FOREHEAD,
    FRAMES,
    PATIENCE,
    drag,
    drawing,
    from_menu,
    generate,
    heatmap,
    open_studio,
    overheard,
    saved_file,
    shown,
    take,
    visiting,
)

from facemogle.masks.label_map import index_png

pytestmark = pytest.mark.visit("shared")

HAIR = 14  # its expert
SLOW_ANNOUNCEMENTS = """const real = window.fetch;
window.late = 0;
window.fetch = async (url, options) => {
  if (String(options?.body).includes('"has_request":true')) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    window.late += 1;
  }
  return real(url, options);
};"""
FILE = """([bytes, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  return data;
}"""

DROP = """(dataTransfer) => ["dragover", "drop"].every((type) => {
  const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
  return event.defaultPrevented; // or the browser would leave the page for it
})"""
LOST = """(number) => {
  const detail = { kind: "place", ahead: null, number };
  const tell = () => document.dispatchEvent(new CustomEvent("facemogle-packet", { detail }));
  tell(); // once is no proof
  tell();
}"""
ONLY_THE_LAST = """let first = null;
document.addEventListener("facemogle-packet", (event) => {
  const { kind, number } = event.detail ?? {};
  if (kind === "start") first ??= number;
  if (number < first + TIMES && KINDS.includes(kind)) event.stopImmediatePropagation();
});"""
PRESS = """([key, times]) => {
  for (let k = 0; k < times; k++) {
    document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }));
  }
}"""
ADDRESS = """(url) => {
  const data = new DataTransfer();
  data.setData("text/uri-list", url);
  return data;
}"""


def result(page: Page) -> Locator:
    return page.locator(".result")


def press_generate(page: Page) -> None:
    page.get_by_role("button", name="Generate", exact=True).click()


def gate_of(page: Page) -> tuple[str, list[int], list[str]]:
    """What the gate's view says of the image that is shown; its rows follow a frame later."""
    page.evaluate(FRAMES)
    text = page.get_by_label("Gating view").locator(".step-text").inner_text()
    return text, heatmap(page, HAIR), page.locator(".layers .row .weight").all_inner_texts()


def test_an_announcement_that_comes_late_stops_nothing(
    browser: Browser, studio: StudioUnderTest
) -> None:
    """Generate ended as "Stopped" at once whenever it came after the request."""
    visit = browser.new_context()
    visit.add_init_script(SLOW_ANNOUNCEMENTS)
    page = visit.new_page()
    open_studio(page, studio)
    press_generate(page)
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    page.wait_for_function("window.late > 0", timeout=PATIENCE)
    page.evaluate(FRAMES)
    expect(result(page)).to_have_attribute("data-state", "done")
    visit.close()


@pytest.mark.visit("first")
def test_the_gate_is_that_of_the_image_that_is_shown(
    page: Page, browser: Browser, studio: StudioUnderTest, tmp_path: Path
) -> None:
    """It went on to show the last run's maps, steps and rows beside an image of the history."""
    generate(page, steps=2)
    first = gate_of(page)
    page.get_by_role("textbox", name="Prompt").fill("an old man")
    generate(page, steps=3)
    second = gate_of(page)
    assert second[0].startswith("Step 3 of 3") and second[1] != first[1]

    def expect_both(page: Page) -> None:
        page.locator(".strip button").first.click()
        expect(page.locator(".step-text")).to_contain_text("Step 3 of 3")
        assert gate_of(page) == second
        page.locator(".strip button").last.click()
        expect(page.locator(".step-text")).to_contain_text("Step 2 of 2")
        assert gate_of(page) == first

    expect_both(page)
    open_studio(page, studio)
    expect_both(page)
    project = tmp_path / "face.facemogle"
    project.write_bytes(saved_file(page, "Save project"))
    with visiting(browser, studio) as other:  # the page's own strip would know them without it
        other.get_by_label("File to open").set_input_files(project)
        expect(other.locator(".painting .notice")).to_contain_text("Opened face.facemogle")
        expect_both(other)

    image = Path(tmp_path / "photo.png")
    url = page.get_by_alt_text("Generated face").get_attribute("src") or ""
    image.write_bytes(base64.b64decode(url.split(",")[1]))
    page.get_by_label("File to open").set_input_files(image)
    expect(page.locator(".gate .sentence")).to_contain_text("image files do not hold them")
    assert not any(page.locator(".layers .row .weight").all_inner_texts())


@pytest.mark.visit("first")
def test_a_face_is_that_of_a_fresh_page_again_whatever_was_edited_and_regenerated(
    page: Page, browser: Browser, studio: StudioUnderTest
) -> None:
    """Edits left seams, also in what was regenerated and in the template's face after them."""
    with visiting(browser, studio) as other:
        generate(other)
        fresh = shown(other)
    kept = page.locator(".result .progress-text")
    take(page, "Hat")
    drag(page, *FOREHEAD)
    generate(page)
    take(page, "Nose")
    drag(page, (200, 400), (312, 400))
    generate(page)
    expect(kept).to_contain_text("kept")
    page.get_by_label("Regenerate everything").check()
    generate(page)
    expect(kept).not_to_contain_text("kept")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(drawing(page), TEMPLATE)
    generate(page)
    assert np.array_equal(shown(page), fresh)

    page.get_by_label("Regenerate everything").uncheck()
    take(page, "Hat")
    drag(page, *FOREHEAD)
    generate(page)
    expect(kept).to_contain_text("kept")
    open_studio(page, studio)  # the server has forgotten what the edit was of
    take(page, "Hat", "Eraser")
    drag(page, *FOREHEAD)
    assert np.array_equal(drawing(page), TEMPLATE)
    generate(page)
    assert np.array_equal(shown(page), fresh)


def test_nothing_changed_is_nothing_done_and_said(page: Page, studio: StudioUnderTest) -> None:
    generate(page)
    made, image = len(studio.requests), shown(page)
    press_generate(page)
    notice = page.locator(".result .notice")
    expect(notice).to_contain_text("Nothing has changed")
    assert len(studio.requests) == made
    notice.get_by_role("button", name="Try another seed").click()
    expect(notice).to_be_hidden()
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    assert len(studio.requests) == made + 1
    assert not np.array_equal(shown(page), image)


def test_rows_do_not_tell_weights_of_experts_that_were_heard_otherwise(
    page: Page, studio: StudioUnderTest, steps
) -> None:
    """A muted expert's row went on to say 6.1 %."""
    generate(page)
    go_on = Event()
    steps(lambda _: go_on.wait(PATIENCE / 1000))
    take(page, "Hair")
    weights = page.locator(".layers .row .weight")
    assert all(text.endswith("%") for text in weights.all_inner_texts())
    page.get_by_role("button", name="Mute Hair").click()
    texts = weights.all_text_contents()
    assert texts.count("muted") == 1 and not any("%" in text for text in texts)
    inspector = page.get_by_role("group", name="Selected layer")
    expect(inspector.locator(".weight")).to_have_text("muted")
    page.get_by_role("button", name="Mute Hair").click()
    expect(weights.first).to_contain_text("%")  # heard as in the image again
    page.get_by_label("Strength of the expert").fill("5")
    assert not any("%" in text for text in weights.all_text_contents())
    page.get_by_label("Strength of the expert").fill("0")
    page.get_by_role("button", name="Mute Hair").click()
    go_on.set()
    changed = page.locator(".result .progress-text")
    expect(changed).to_contain_text("of the image changed", timeout=PATIENCE)  # made by itself
    assert studio.requests[-1].experts.muted == (HAIR - 1,)
    texts = weights.all_text_contents()
    assert texts.count("muted") == 1 and sum("%" in text for text in texts) >= 19


def test_what_a_mute_changes_is_seen_whole_with_the_image_before_beside_it(page: Page) -> None:
    """The pointer rests where it clicked: a wipe and the row's map lay over the new image."""
    generate(page)
    before = page.get_by_alt_text("Generated face").get_attribute("src")
    take(page, "Hair")
    page.get_by_role("button", name="Mute Hair").click()
    inset, wiped = page.get_by_role("button", name="Before"), page.get_by_alt_text("Previous image")
    expect(inset).to_be_visible(timeout=PATIENCE)
    expect(inset.locator("img")).to_have_attribute("src", before or "")
    box, stage = inset.bounding_box(), page.locator(".result .stage").bounding_box()
    assert box is not None and stage is not None
    assert 0.25 < box["width"] / stage["width"] < 0.31
    expect(wiped).to_be_hidden()
    expect(page.locator(".result .map")).to_be_hidden()
    inset.click()
    expect(wiped).to_be_visible()
    expect(inset).to_be_hidden()
    page.get_by_role("radio", name="Nose", exact=True).hover()
    expect(page.locator(".result .map")).to_be_hidden()
    page.keyboard.press("w")
    expect(page.locator(".result .map")).to_be_visible()

    page.get_by_role("button", name="Mute Hair").click()
    expect(inset).to_be_visible(timeout=PATIENCE)
    drag(page, *FOREHEAD)
    expect(inset).to_be_hidden()


def test_a_new_face_is_wholly_new_and_undo_takes_all_of_it_back(page: Page) -> None:
    """Mutes, strengths and at times the words of the face before went on; the seed became 42."""
    generate(page)
    prompt, seed = (page.get_by_role("textbox", name=name) for name in ("Prompt", "Seed"))
    strength = page.get_by_label("Strength of the expert")
    mute = page.locator(".palette [data-region='13'] [data-kind=muted]")
    seed.fill("7")
    prompt.fill("an old man")
    take(page, "Nose")
    strength.fill("5")
    take(page, "Hair")
    page.get_by_role("button", name="Mute Hair").click()
    expect(page.get_by_role("button", name="Before")).to_be_visible(timeout=PATIENCE)
    for face in ("Start from: Short hair", "Random face"):
        from_menu(page, face)
        expect(prompt).not_to_have_value("an old man")
        expect(seed).to_have_value("7")
        expect(mute).to_have_attribute("aria-pressed", "false")
        assert not np.array_equal(drawing(page), TEMPLATE)
        if face != "Random face":  # which is made at once
            expect(page.locator(".age:visible")).to_have_text("The drawing has changed since")
            page.get_by_role("radio", name="Nose", exact=True).click()
            expect(strength).to_have_value("0")
        page.get_by_role("button", name="Undo").click()
        expect(prompt).to_have_value("an old man")
        expect(mute).to_have_attribute("aria-pressed", "true")
        assert np.array_equal(drawing(page), TEMPLATE)
    from_menu(page, "Start from: Short hair")
    page.get_by_role("button", name="Bring my prompt back").click()
    expect(prompt).to_have_value("an old man")


def test_an_image_that_is_not_of_the_drawing_and_the_words_says_so(page: Page) -> None:
    """The drawing was said to have changed whatever it was."""
    generate(page)
    sign = page.locator(".age:visible")
    expect(sign).to_be_hidden()
    drag(page, *FOREHEAD)
    expect(sign).to_have_text("The drawing has changed since")
    page.keyboard.press("Control+z")
    expect(sign).to_be_hidden()
    page.get_by_role("textbox", name="Steps").fill("1")
    expect(sign).to_have_text("The settings have changed since")
    page.get_by_role("textbox", name="Prompt").fill("other words")
    expect(sign).to_have_text("The words have changed since")
    generate(page)
    expect(sign).to_be_hidden()


def test_a_failure_leaves_the_last_image_and_one_message(page: Page, steps) -> None:
    """A washed-out step stood there, and two messages."""
    generate(page)
    image, gate = shown(page), gate_of(page)

    def fail(index: int) -> None:
        if index == 1:
            raise RuntimeError("out of memory")

    steps(fail)
    page.get_by_role("textbox", name="Prompt").fill("other words")
    press_generate(page)
    expect(result(page)).to_have_attribute("data-state", "failed", timeout=PATIENCE)
    assert np.array_equal(shown(page), image)
    expect(page.get_by_alt_text("Generated face")).to_have_css("opacity", "1")
    assert gate_of(page) == gate
    expect(page.locator(".result .progress-text")).to_be_empty()
    expect(page.locator(".notice").locator("visible=true")).to_have_count(1)
    steps(lambda _: None)
    page.get_by_role("button", name="Retry").click()
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    assert not np.array_equal(shown(page), image)


def test_a_server_that_is_lost_at_a_step_leaves_the_last_image_and_one_message(
    browser: Browser, studio: StudioUnderTest, steps
) -> None:
    """The step that had come last stood there, washed out."""
    page = browser.new_page()  # its console complains of the server
    open_studio(page, studio)
    generate(page)
    image, go_on = shown(page), Event()
    url = page.get_by_alt_text("Generated face").get_attribute("src") or ""
    steps(lambda index: index == 0 or go_on.wait(PATIENCE / 1000))
    page.get_by_role("textbox", name="Prompt").fill("other words")
    page.route("**/requests.js", lambda route: route.abort())  # asked to see if the server is there
    press_generate(page)
    expect(page.get_by_alt_text("Generated face")).not_to_have_attribute("src", url)
    expect(result(page)).to_have_attribute("data-state", "failed", timeout=PATIENCE)
    assert np.array_equal(shown(page), image)
    expect(page.get_by_alt_text("Generated face")).to_have_css("opacity", "1")
    expect(page.locator(".result .progress-text")).to_be_empty()
    expect(page.locator(".notice").locator("visible=true")).to_have_count(1)
    page.unroute("**/requests.js")
    go_on.set()
    page.get_by_role("button", name="Retry").click()
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    assert not np.array_equal(shown(page), image)
    page.close()


def test_what_was_asked_for_and_undo_outlive_a_reload(
    browser: Browser, studio: StudioUnderTest, steps
) -> None:
    """The run and all of undo were gone when Gradio reloaded the page after a network cut."""
    page = browser.new_page()  # its console complains of what the reload has cut off
    open_studio(page, studio)
    go_on = Event()
    steps(lambda index: index == 0 or go_on.wait(PATIENCE / 1000))
    take(page, "Hat")
    drag(page, *FOREHEAD)
    painted = drawing(page)
    press_generate(page)
    expect(result(page)).to_contain_text("Step 2 of 2", timeout=PATIENCE)
    asked = studio.requests[-1]
    page.reload()
    go_on.set()
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    again = studio.requests[-1]
    assert again is not asked and again.face == asked.face
    assert np.array_equal(again.label_map, asked.label_map)
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)
    page.keyboard.press("Control+y")
    assert np.array_equal(drawing(page), painted)
    page.close()


@pytest.mark.visit("first")
def test_an_image_that_the_server_has_lost_is_asked_for_again_once(
    page: Page, studio: StudioUnderTest, steps
) -> None:
    """While a phone slept, its connection went, and the page waited or said that it was stopped."""
    go_on = Event()
    steps(lambda index: index == 0 or go_on.wait(PATIENCE / 1000))
    press_generate(page)
    expect(result(page)).to_contain_text("Step 2 of 2", timeout=PATIENCE)
    asked = studio.requests[-1]
    page.evaluate(LOST, 1)
    expect(result(page)).to_have_attribute("data-state", "waiting")
    go_on.set()
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    again = studio.requests[-1]
    assert again is not asked and again.face == asked.face
    assert np.array_equal(again.label_map, asked.label_map)

    go_on.clear()
    page.get_by_role("textbox", name="Prompt").fill("other words")
    press_generate(page)
    page.evaluate(LOST, 3)
    expect(result(page)).to_have_attribute("data-state", "waiting")
    page.evaluate(LOST, 4)  # what the server loses each time is not asked for without end
    expect(page.locator(".result .notice")).to_contain_text("lost this request twice")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    go_on.set()


@pytest.mark.parametrize(
    ("lost", "times"), [('["start", "step"]', 1), ('["step"]', 1), ('["start"]', 2)]
)
def test_a_run_whose_packets_came_at_once_is_asked_for_again(
    browser: Browser, studio: StudioUnderTest, lost: str, times: int
) -> None:
    """Of several in one frame the page may be told the last only: it broke off with an error, and
    on a busy machine, where it came twice, as if the server had lost it.
    """
    visit = browser.new_context()
    visit.add_init_script(ONLY_THE_LAST.replace("KINDS", lost).replace("TIMES", str(times)))
    page = visit.new_page()
    complaints = overheard(page, studio)
    open_studio(page, studio)
    made = len(studio.requests)
    press_generate(page)
    expect(result(page)).to_have_attribute("data-state", "done", timeout=PATIENCE)
    first, *again = studio.requests[made:]
    assert [one.face for one in again] == [first.face] * times
    visit.close()
    assert complaints == []


def test_the_end_of_undo_is_said(page: Page) -> None:
    """Undo fell silent after the last of the changes that are kept."""
    flips = 201
    page.get_by_label("Canvas").focus()
    page.evaluate(PRESS, [{"key": "H", "code": "KeyH", "shiftKey": True}, flips])
    flipped = drawing(page)  # once more than an even number of times
    assert not np.array_equal(flipped, TEMPLATE)
    undo, notice = page.get_by_role("button", name="Undo"), page.locator(".painting .notice")
    page.evaluate(PRESS, [{"key": "z", "code": "KeyZ", "ctrlKey": True}, flips - 2])
    expect(undo).to_be_enabled()
    expect(notice).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(undo).to_be_disabled()
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Undo ends here: the last 200 changes are kept")
    assert np.array_equal(drawing(page), flipped)


def test_keys_work_after_a_click_on_a_switch(page: Page) -> None:
    page.get_by_label("Live", exact=True).click()
    page.get_by_label("Live", exact=True).click()
    page.keyboard.press("e")
    eraser = page.get_by_role("button", name="Eraser", exact=True)
    expect(eraser).to_have_attribute("aria-pressed", "true")


def test_a_file_is_taken_wherever_it_is_dropped_and_when_it_is_pasted(page: Page) -> None:
    """The browser left the page for a file that was dropped beside the canvas."""
    masks = [np.roll(TEMPLATE, shift, axis=1) for shift in (20, 40)]
    for name, mask in zip(("dropped.png", "pasted.png"), masks, strict=True):
        data = page.evaluate_handle(FILE, [list(index_png(mask)), name])
        if name == "dropped.png":
            assert page.evaluate(DROP, data)
        else:
            page.evaluate(
                "(clipboardData) => document.body.dispatchEvent(new ClipboardEvent('paste', "
                "{ clipboardData, bubbles: true, cancelable: true }))",
                data,
            )
        expect(page.locator(".painting .notice")).to_contain_text(f"Opened {name}")
        assert np.array_equal(drawing(page), mask)


def test_an_image_of_an_address_that_is_dropped_is_opened(
    page: Page, studio: StudioUnderTest
) -> None:
    """It did nothing, or the browser left the page for it."""
    mask = np.roll(TEMPLATE, 30, axis=1)
    image = {"body": index_png(mask), "content_type": "image/png"}
    page.route("**/elsewhere/face.png", lambda route: route.fulfill(**image))
    page.route(
        "**/elsewhere/page.html", lambda route: route.fulfill(body="<p>", content_type="text/html")
    )
    for name in ("face.png", "page.html"):
        data = page.evaluate_handle(ADDRESS, f"{studio.url}/elsewhere/{name}")
        assert page.evaluate(DROP, data)
        said = "Opened face.png" if name == "face.png" else "does not hand it out"
        expect(page.locator(".painting .notice")).to_contain_text(said)
    assert np.array_equal(drawing(page), mask)


def test_the_gate_is_drawn_where_nobody_looks(browser: Browser, studio: StudioUnderTest) -> None:
    """A page that was saved as a whole had empty tiles."""
    with visiting(browser, studio, viewport={"width": 390, "height": 500}) as page:
        press_generate(page)
        gate = page.get_by_label("Gating view")
        expect(gate).to_be_hidden()
        expect(gate).to_have_attribute("data-drawn", "2/2", timeout=PATIENCE)
        assert len(set(heatmap(page, HAIR))) > 4


@pytest.mark.visit("first")
def test_generate_is_soon_reached_by_keyboard(page: Page) -> None:
    """It was the 77th of 109 stops."""
    for _ in range(15):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Generate":
            break
    else:
        raise AssertionError("Generate is none of the first 15 stops")
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('.chips') !== null")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.chips') === null")
