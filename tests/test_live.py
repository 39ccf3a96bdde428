"""Live mode and edits, from the desk and in a real browser, on a tiny model that takes no time."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from studio import StudioUnderTest, serve_studio, short
from visitor import (
    FOREHEAD,
    PATIENCE,
    drag,
    drawing,
    from_menu,
    generate,
    hold,
    open_mask,
    open_studio,
    paint_forehead,
    places,
    saved_image,
    shown,
    take,
    visiting,
)
from waiting import until

from facemogle.masks.label_map import index_png
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.experts import UNTOUCHED
from facemogle.runs.provenance import read_signed
from facemogle.serving.engine import LocalEngine
from facemogle.ui.accepted import Kept
from facemogle.ui.data_url import data_url
from facemogle.ui.desk import Desk
from facemogle.ui.sessions import Sessions
from facemogle.ui.start import FirstFace

pytestmark = pytest.mark.visit("shared")

SIDE = 64
HAT = 14


@pytest.fixture(scope="module")
def pipeline(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    return short(pipeline, steps=6)


# --- Without a browser


def visitor(name: str) -> Any:
    return SimpleNamespace(session_hash=name)


def event(**data: Any) -> Any:
    return SimpleNamespace(**data)


def asked(number: int, label_map: np.ndarray, **changes: Any) -> dict[str, Any]:
    mask = base64.b64encode(index_png(label_map)).decode()
    told = {"prompt": "a man", "seed": "1", "steps": "3", "strength": "1"}
    return {
        **told,
        "number": number,
        "mask": mask,
        "whole_face": False,
        "is_draft": False,
        "muted": [],
        "expert_strengths": list(UNTOUCHED),
        "base": None,
        **changes,
    }


def last_image(packets: list[dict[str, Any]]) -> np.ndarray:
    assert packets[-1]["kind"] == "done", packets[-1]
    url = packets[-2]["image"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


class Caller:
    """One visitor of a desk."""

    def __init__(self, desk: Desk, name: str = "anna") -> None:
        self.desk, self.request = desk, visitor(name)
        self.number = 0
        self.base: dict[str, Any] | None = None

    def ask(self, label_map: np.ndarray, **changes: Any) -> list[dict[str, Any]]:
        self.number += 1
        self.announce()
        given = asked(self.number, label_map, base=self.base, **changes)
        packets = list(self.desk.generate(given, self.request))
        if not given["is_draft"]:
            self.base = {"number": self.number}
        return packets

    def announce(self, has_request: bool = True) -> None:
        self.desk.announce(event(number=self.number, has_request=has_request), self.request)


@pytest.fixture
def edited_map(label_map: np.ndarray) -> np.ndarray:
    edited = label_map.copy()
    edited[4:12, 12:24] = HAT
    return edited


def test_a_changed_mask_keeps_the_rest_of_the_accepted_image(
    pipeline, label_map, edited_map
) -> None:
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    before = last_image(caller.ask(label_map))
    packets = caller.ask(edited_map)
    assert 0.5 < packets[0]["kept"] < 1
    after = last_image(packets)
    same = (before == after).all(axis=2)
    assert packets[0]["kept"] <= same.mean() < 1


@pytest.mark.parametrize(
    "change",
    [
        {"whole_face": True},
        {"seed": "2"},
        {"prompt": "a woman"},
        {"muted": [13]},
        {"expert_strengths": [4.0, *UNTOUCHED[1:]]},
    ],
)
def test_another_face_is_asked_for(pipeline, label_map, edited_map, change) -> None:
    """Another seed that changed a few pixels only would look like a broken dice."""
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    before = last_image(caller.ask(label_map))
    packets = caller.ask(edited_map, **change)
    assert packets[0]["kept"] == 0
    far = slice(40, None)  # rows that an edit of the hat would keep
    assert (before[far] != last_image(packets)[far]).any(axis=2).mean() > 0.3


def test_drafts_are_never_edited_further(pipeline, label_map, edited_map) -> None:
    """Edits of edits of drafts would fill the image with rough patches."""
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    accepted = last_image(caller.ask(label_map))
    draft = last_image(caller.ask(edited_map, is_draft=True, steps="1"))
    packets = caller.ask(edited_map)
    assert packets[0]["kept"] > 0.5
    full = last_image(packets)
    assert not np.array_equal(full, draft)
    assert (full == accepted).all(axis=2).mean() >= packets[0]["kept"]


def test_visitors_edit_their_own_images(pipeline, label_map, edited_map) -> None:
    desk = Desk(LocalEngine(pipeline), "test")
    anna, ben = Caller(desk, "anna"), Caller(desk, "ben")
    mine = last_image(anna.ask(label_map))
    last_image(ben.ask(label_map, seed="2"))
    edited = anna.ask(edited_map)
    outside = (mine == last_image(edited)).all(axis=2)
    assert outside.mean() >= edited[0]["kept"] > 0.5


def test_a_visitor_who_leaves_stops_the_job_and_frees_the_memory(pipeline, label_map) -> None:
    desk = Desk(LocalEngine(pipeline), "test")
    caller = Caller(desk)
    caller.ask(label_map)
    caller.number += 1
    caller.announce()
    packets = desk.generate(asked(caller.number, label_map, steps="90"), caller.request)
    assert [next(packets)["kind"] for _ in range(2)] == ["start", "step"]
    desk.leave(caller.request)
    assert [packet["kind"] for packet in packets] == ["stopped"]
    assert desk.kept.get("anna", 1) is None


def test_the_line_counts_those_before_and_forgets_those_who_left() -> None:
    sessions = Sessions()
    for name in ("anna", "ben", "cleo"):
        sessions.announce(name, 1, has_request=True)
    assert [sessions.ahead(name, 1) for name in ("anna", "ben", "cleo")] == [0, 1, 2]
    sessions.finish("anna", 1)
    sessions.announce("ben", 2, has_request=False)  # stopped
    assert (sessions.ahead("ben", 1), sessions.ahead("ben", 2)) == (None, None)
    assert sessions.ahead("cleo", 1) == 0
    sessions.announce("cleo", 2, has_request=True)
    sessions.finish("cleo", 1)  # the older request's end must not take the newer one out
    assert sessions.ahead("cleo", 2) == 0
    sessions.leave("cleo")
    assert sessions.ahead("cleo", 2) is None


def test_numbers_only_grow_whatever_comes_late() -> None:
    """An order registers its number itself; an older one's turn made the newer one stale."""
    sessions = Sessions()
    sessions.begin("anna", 1)  # nothing has announced it
    assert sessions.is_newest("anna", 1)
    sessions.announce("anna", 1, has_request=True)
    assert sessions.is_newest("anna", 1)
    sessions.begin("anna", 3)
    sessions.begin("anna", 2)
    sessions.announce("anna", 2, has_request=False)
    assert sessions.is_newest("anna", 3) and not sessions.is_newest("anna", 2)
    assert sessions.ahead("anna", 3) == 0
    sessions.leave("anna")
    sessions.begin("anna", 3)  # its turn comes after its page was closed
    assert not sessions.is_newest("anna", 3)


def test_kept_images_stay_within_the_limit() -> None:
    """A server that keeps every visitor's image would run out of memory."""
    kept = Kept(limit=30)
    for number in (1, 2, 3):
        kept.put("anna", number, SimpleNamespace(recorded=SimpleNamespace(nbytes=10)))  # type: ignore[arg-type]
    kept.get("anna", 1)
    kept.put("ben", 1, SimpleNamespace(recorded=SimpleNamespace(nbytes=10)))  # type: ignore[arg-type]
    assert kept.get("anna", 2) is None
    assert all(kept.get("anna", number) is not None for number in (1, 3))
    kept.forget("anna")
    assert kept.get("anna", 1) is None and kept.get("ben", 1) is not None


def test_an_earlier_image_can_be_edited_again(pipeline, label_map, edited_map) -> None:
    """An image taken back from the history must be what the next edit starts from."""
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    first = last_image(caller.ask(label_map))
    caller.ask(label_map, seed="2")
    caller.base = {"number": 1}
    packets = caller.ask(edited_map)
    assert (last_image(packets) == first).all(axis=2).mean() >= packets[0]["kept"] > 0.5


def sent_along(image: np.ndarray, label_map: np.ndarray, prompt: str | None) -> dict[str, Any]:
    """A base that the server does not have."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    mask = base64.b64encode(index_png(label_map)).decode()
    url = data_url("png", content.getvalue())
    return {"number": -1, "image": url, "mask": mask, "prompt": prompt, "seed": "1"}


def test_an_image_that_the_server_has_forgotten_is_asked_for(
    pipeline, label_map, edited_map
) -> None:
    """After the server was restarted, an edit must not silently become another face."""
    before = last_image(Caller(Desk(LocalEngine(pipeline), "test")).ask(label_map))
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    caller.base = {"number": 1}
    assert [packet["kind"] for packet in caller.ask(edited_map)] == ["forgotten"]
    caller.base = sent_along(before, label_map, "a man")
    packets = caller.ask(edited_map)
    assert (last_image(packets) == before).all(axis=2).mean() >= packets[0]["kept"] > 0.5
    caller.base = {"number": -1}
    assert caller.ask(edited_map)[0]["kept"] > 0.5  # it is sent once


def test_an_image_that_was_not_made_here_keeps_its_face_whatever_the_prompt(
    pipeline, label_map, edited_map
) -> None:
    """Nobody knows a prompt for a photograph: a new one must not replace the whole face."""
    photo = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    caller.base = sent_along(photo, label_map, None)
    caller.ask(edited_map, prompt="a man with a hat")
    second = edited_map.copy()
    second[44:50, 28:36] = 12
    packets = caller.ask(second, prompt="red lips", seed="9")
    kept = (last_image(packets) == photo).all(axis=2)
    assert kept[16:40, :8].all() and kept.mean() > 0.3
    content = base64.b64decode(packets[-2]["image"].split(",")[1])
    assert b"/compositeWithTrainedAlgorithmicMedia" in content
    assert read_signed(content)[2] is True  # type: ignore[index]


def test_whole_faces_are_those_of_a_fresh_page_whatever_was_made_before(
    pipeline, label_map, edited_map
) -> None:
    """The same mask, prompt and seed gave other images after edits, with seams in them."""

    def fresh(mask: np.ndarray) -> np.ndarray:
        return last_image(Caller(Desk(LocalEngine(pipeline), "test")).ask(mask))

    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    caller.ask(label_map)
    caller.ask(edited_map, is_draft=True, steps="1")
    caller.ask(edited_map)
    second = edited_map.copy()
    second[44:50, 28:36] = 12
    assert caller.ask(second)[0]["kept"] > 0.3
    third = second.copy()
    third[34:38, 30:34] = 2
    for mask in (second, third):
        whole = caller.ask(mask, whole_face=True)
        assert np.array_equal(last_image(whole), fresh(mask))
    assert caller.ask(edited_map)[0]["kept"] > 0.3

    caller.base = {"number": 3}
    assert np.array_equal(last_image(caller.ask(label_map)), fresh(label_map))  # it has come back


def test_every_visitor_finds_a_finished_face_and_can_edit_it(
    pipeline, label_map, edited_map
) -> None:
    """The page opened with an empty box, and the first edit was a whole other face."""
    desk = Desk(LocalEngine(pipeline), "test")
    face = {"label_map": label_map, "prompt": "a man", "seed": 1}
    ready = FirstFace(desk, face)
    while (found := ready.read({}))["isComing"]:
        pass
    first = last_image(found["packets"])
    for name in ("anna", "ben"):
        caller = Caller(desk, name)
        caller.base = {"number": 0}
        packets = caller.ask(edited_map)
        assert (last_image(packets) == first).all(axis=2).mean() >= packets[0]["kept"] > 0.5
    strange = Caller(Desk(LocalEngine(pipeline), "test"))
    strange.base = {"number": 0}
    assert [packet["kind"] for packet in strange.ask(edited_map)] == ["forgotten"]


def test_a_photo_with_nothing_changed_stays_as_it_is(pipeline, label_map, edited_map) -> None:
    """It was replaced by another face."""
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    photo = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    caller.base = sent_along(photo, label_map, None)
    (packet,) = caller.ask(label_map)
    assert packet["kind"] == "error" and packet["text"].startswith("The mask is as it was")
    caller.base = {"number": -1}
    assert caller.ask(label_map, whole_face=True)[0]["kept"] == 0  # it was asked for


def test_a_face_that_edits_lead_back_to_is_the_whole_one_after_a_reload_too(
    pipeline, label_map, edited_map
) -> None:
    """The server had forgotten what the edit was of, and so made an edit of the edit."""
    first = Caller(Desk(LocalEngine(pipeline), "test"))
    fresh = last_image(first.ask(label_map))
    edit = last_image(first.ask(edited_map))
    again = Caller(Desk(LocalEngine(pipeline), "test"))
    whole = base64.b64encode(index_png(label_map)).decode()
    again.base = sent_along(edit, edited_map, "a man") | {"whole": whole}
    packets = again.ask(label_map)
    assert packets[0]["kept"] == 0 and np.array_equal(last_image(packets), fresh)


def test_a_mask_of_another_face_is_no_edit(pipeline, label_map) -> None:
    """A mask that was opened took over shreds of the face that was there before it."""
    other = np.where(label_map[:, ::-1] == 0, 13, 0).astype(np.uint8)
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    caller.ask(label_map)
    packets = caller.ask(other)
    assert packets[0]["kept"] == 0
    fresh = Caller(Desk(LocalEngine(pipeline), "test")).ask(other)
    assert np.array_equal(last_image(packets), last_image(fresh))


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "file:///etc/passwd", ""])
def test_an_image_that_cannot_be_read_is_explained(pipeline, label_map, edited_map, url) -> None:
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    caller.base = sent_along(np.zeros((8, 8, 3), np.uint8), label_map, None) | {"image": url}
    (packet,) = caller.ask(edited_map)
    assert packet["kind"] == "error"
    assert packet["text"].startswith("The image that you edit cannot be read")


def test_the_finished_file_says_what_it_was_made_from(pipeline, label_map) -> None:
    experts = {"muted": [13], "expert_strengths": [0.0, *UNTOUCHED[1:]]}
    packets = Caller(Desk(LocalEngine(pipeline), "test")).ask(label_map, **experts)
    signed = read_signed(base64.b64decode(packets[-2]["image"].split(",")[1]))
    assert signed is not None and np.array_equal(signed[0], label_map)
    assert signed[1] == {"prompt": "a man", "seed": "1", "steps": "3", **experts}


def test_mute_and_strengths_hold_for_a_face_and_for_its_edits(
    pipeline, label_map, edited_map
) -> None:
    """An edit that forgot them would paste a patch of the untouched face into the other one."""
    expected = pipeline(
        "a man",
        label_map,
        3,
        generator=torch.Generator().manual_seed(1),
        muted=[13],
        expert_strengths=[0.0, *UNTOUCHED[1:]],
    )
    caller = Caller(Desk(LocalEngine(pipeline), "test"))
    experts = {"muted": [13], "expert_strengths": [0.0, *UNTOUCHED[1:]]}
    whole = caller.ask(label_map, **experts)
    assert np.array_equal(last_image(whole), np.asarray(expected.images[0]))
    edit = caller.ask(edited_map, **experts)
    assert edit[0]["kept"] > 0.5
    for packet in (*whole[1:-1], *edit[1:-1]):
        gate = np.frombuffer(base64.b64decode(packet["gate"]), "<u2").reshape(-1, 20)
        assert not gate[:, 0].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"muted": [19]}, "muted names the region 19"),
        ({"muted": None}, "muted is None. Give a list."),
        ({"muted": "13"}, "muted is '13'. Give a list."),
        ({"expert_strengths": [1]}, "expert_strengths has 1 values: give 20"),
        ({"expert_strengths": [0] * 20}, "expert_strengths are all 0"),
        ({"expert_strengths": ["2"] * 20}, "has '2' for global"),
    ],
)
def test_experts_that_cannot_be_are_explained(pipeline, label_map, change, message) -> None:
    packets = Caller(Desk(LocalEngine(pipeline), "test")).ask(label_map, **change)
    assert [packet["kind"] for packet in packets] == ["error"]
    assert message in packets[0]["text"]


def test_a_strength_out_of_range_is_explained(pipeline, label_map) -> None:
    for strength in ("0", "1.5", "nan", "much", None):
        packets = Caller(Desk(LocalEngine(pipeline), "test")).ask(label_map, strength=strength)
        assert packets[-1]["kind"] == "error"
        assert packets[-1]["text"].startswith("Strength is")


# --- In a browser


@pytest.fixture(scope="module")
def studio(pipeline: FaceMoGLEPipeline) -> Iterator[StudioUnderTest]:
    yield from serve_studio(pipeline)


@pytest.fixture
def stopwatch(browser: Browser, studio: StudioUnderTest) -> Iterator[Page]:
    """A page whose time can be wound forward, in a browser of its own."""
    with visiting(browser, studio) as page:
        page.clock.install()
        yield page


def test_a_stroke_makes_a_draft_and_then_the_full_image_of_what_is_painted(
    stopwatch: Page, studio: StudioUnderTest
) -> None:
    page = stopwatch
    page.get_by_label("Live", exact=True).check()
    text = page.locator(".result .progress-text")
    expect(text).to_contain_text("6 steps", timeout=PATIENCE)
    # The draft's words are there for half a second: on a busy machine a look may come too late.
    text.evaluate("""(element) => {
      window.said = [];
      const note = () => window.said.push(element.textContent);
      const all = { childList: true, characterData: true, subtree: true };
      new MutationObserver(note).observe(element, all);
    }""")
    paint_forehead(page)
    drafted = "window.said.some((words) => words.startsWith('Draft, 3 steps'))"
    page.wait_for_function(drafted, timeout=PATIENCE)
    expect(text).to_contain_text("6 steps", timeout=PATIENCE)
    assert np.array_equal(studio.requests[-1].label_map, studio.requests[-2].label_map)

    made, before = len(studio.requests), studio.requests[-1].label_map
    page.clock.fast_forward(60_000)  # nothing runs while nothing changes: no timer is left
    drag(page, (200, 400), (312, 400))
    until(lambda: len(studio.requests) > made, "for the next stroke's draft")
    assert not np.array_equal(studio.requests[made].label_map, before)


def test_a_long_stroke_is_drafted_before_it_ends(page: Page, studio: StudioUnderTest) -> None:
    """Nothing was to be seen of a stroke until the hand had let go of it."""
    generate(page, steps=6)
    made, image = len(studio.requests), page.get_by_alt_text("Generated face")
    whole = image.get_attribute("src") or ""
    page.get_by_label("Live", exact=True).check()
    take(page, "Hat")
    hold(page, *FOREHEAD)
    until(lambda: len(studio.requests) > made, "for a draft of the stroke under way")
    first = studio.requests[made]
    assert (first.label_map == HAT).any() and first.num_steps == 3
    page.mouse.move(*places(page, (312, 330))[0], steps=8)
    until(
        lambda: (studio.requests[-1].label_map == HAT).sum() > (first.label_map == HAT).sum(),
        "for the next draft",
    )
    expect(image).not_to_have_attribute("src", whole, timeout=PATIENCE)
    page.keyboard.press("Escape")  # takes the stroke back
    expect(image).to_have_attribute("src", whole)
    page.mouse.up()


def test_the_newest_stroke_wins(page: Page, studio: StudioUnderTest) -> None:
    """The image in the end must be of the last stroke, however quickly strokes came."""
    page.get_by_label("Live", exact=True).check()
    take(page, "Hat")
    for y in (100, 170, 240, 310, 380):
        drag(page, (200, y), (312, y))
    text = page.locator(".result .progress-text")
    expect(text).to_contain_text("6 steps", timeout=PATIENCE)
    last = studio.requests[-1].label_map
    final = drawing(page)
    step = final.shape[0] // last.shape[0]
    assert np.array_equal(last, final[step // 2 :: step, step // 2 :: step])


def test_an_edit_keeps_the_other_pixels_and_the_switch_does_not(page: Page) -> None:
    generate(page, steps=3)
    before = shown(page)
    paint_forehead(page)
    generate(page, steps=3)
    text = page.locator(".result .progress-text")
    expect(text).to_contain_text("kept")
    assert (shown(page)[40:] == before[40:]).all()
    page.get_by_label("Regenerate everything").check()
    generate(page, steps=3)
    expect(text).not_to_contain_text("kept")
    assert (shown(page)[40:] != before[40:]).any()


def test_a_lost_server_is_a_failure(browser: Browser, studio: StudioUnderTest) -> None:
    """It must not say for ever that it waits."""
    page = browser.new_page()  # one whose console may complain
    open_studio(page, studio)
    generate(page, steps=1)
    image = shown(page)
    page.get_by_role("textbox", name="Prompt").fill("other words")
    page.route("**/gradio_api/queue/**", lambda route: None)  # never answered
    page.route("**/requests.js", lambda route: route.abort())  # asked to see if the server is there
    page.get_by_role("button", name="Generate", exact=True).click()
    result = page.locator(".result")
    expect(result).to_have_attribute("data-state", "failed", timeout=PATIENCE)
    expect(result).to_contain_text("The server cannot be reached")
    assert np.array_equal(shown(page), image)  # the last good one stays, with one message
    expect(page.locator(".notice").locator("visible=true")).to_have_count(1)
    expect(result.get_by_role("button", name="Retry")).to_be_visible()
    page.close()


@pytest.mark.visit("first")
def test_the_history_brings_mask_image_and_settings_back(page: Page) -> None:
    generate(page, steps=1)
    first, painted = shown(page), drawing(page)
    paint_forehead(page)
    page.get_by_role("textbox", name="Seed").fill("7")
    generate(page, steps=2)
    second = shown(page)
    page.get_by_role("button", name="Back to the image of seed 3").click()
    expect(page.locator(".result .progress-text")).to_contain_text("From the history, seed 3")
    assert np.array_equal(shown(page), first)
    assert np.array_equal(drawing(page), painted)
    assert page.get_by_role("textbox", name="Seed").input_value() == "3"
    before = page.get_by_alt_text("Previous image")
    expect(before).to_be_hidden()
    page.get_by_label("Canvas").focus()
    page.keyboard.down("c")
    expect(before).to_be_visible()
    url = before.get_attribute("src")
    assert url is not None
    held = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
    assert np.array_equal(np.asarray(held), second)
    page.keyboard.up("c")
    expect(before).to_be_hidden()


def test_undo_brings_the_image_back_and_the_words_that_came_with_a_face(page: Page) -> None:
    """The drawing went back alone: the image, prompt and seed stayed those of what was undone."""
    generate(page, steps=6)
    image = page.get_by_alt_text("Generated face")
    url = image.get_attribute("src") or ""
    prompt = page.get_by_role("textbox", name="Prompt").input_value()
    page.get_by_role("button", name="Add glasses").click()
    text = page.locator(".result .progress-text")
    expect(text).to_contain_text("kept", timeout=PATIENCE)
    edit = image.get_attribute("src") or ""
    assert edit != url
    page.keyboard.press("Control+z")
    expect(image).to_have_attribute("src", url)
    page.keyboard.press("Control+y")
    expect(image).to_have_attribute("src", edit)

    page.keyboard.press("Control+z")
    from_menu(page, "Random face")
    expect(image).not_to_have_attribute("src", url, timeout=PATIENCE)
    page.keyboard.press("Control+z")
    expect(image).to_have_attribute("src", url)
    assert page.get_by_role("textbox", name="Prompt").input_value() == prompt


def test_a_saved_image_brings_mask_and_settings_back(page: Page) -> None:
    paint_forehead(page)
    painted = drawing(page)
    page.get_by_role("textbox", name="Prompt").fill("a woman with a hat")
    generate(page, steps=2)
    content = saved_image(page)
    from_menu(page, "Start from: Short hair")
    page.get_by_role("textbox", name="Prompt").fill("other")
    open_mask(page, "face.png", content)
    expect(page.locator(".painting .notice")).to_contain_text("were restored")
    assert np.array_equal(drawing(page), painted)
    assert page.get_by_role("textbox", name="Prompt").input_value() == "a woman with a hat"
    assert page.get_by_role("textbox", name="Steps").input_value() == "2"


@pytest.mark.visit("first")
def test_settings_survive_a_reload(page: Page, studio: StudioUnderTest) -> None:
    page.get_by_label("Regenerate everything").check()
    page.get_by_role("button", name="Keep the seed").click()
    page.get_by_label("Change amount").fill("0.5")
    page.get_by_role("button", name="black hair").click()
    prompt = page.get_by_role("textbox", name="Prompt").input_value()
    assert prompt.endswith(", black hair")
    open_studio(page, studio)
    assert page.get_by_label("Regenerate everything").is_checked()
    lock = page.get_by_role("button", name="Keep the seed")
    expect(lock).to_have_attribute("aria-pressed", "false")
    assert page.get_by_label("Change amount").input_value() == "0.5"
    assert page.get_by_role("textbox", name="Prompt").input_value() == prompt
    seed = page.get_by_role("textbox", name="Seed").input_value()
    generate(page, steps=1)
    assert page.get_by_role("textbox", name="Seed").input_value() != seed  # it was unlocked
