"""Masks of other programs on the page: parts, other label orders, and out again."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect
from studio import TEMPLATE
from visitor import FOREHEAD, drag, drawing, from_menu, open_mask, saved_file, take

from facemogle.masks.label_map import index_png, swap_sides
from facemogle.masks.label_orders import to_order
from facemogle.masks.reading import palette_png, read_mask
from facemogle.masks.regions import REGIONS

pytestmark = pytest.mark.visit("shared")

HAT, HAIR, NECK = 14, 13, 17
OTHER = "Save mask for another program…"


def white(inside: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(inside.astype(np.uint8) * 255).save(stream, "PNG")
    return stream.getvalue()


def cap() -> np.ndarray:
    inside = np.zeros(TEMPLATE.shape, bool)
    inside[40:120, 150:360] = True
    return inside


def notice(page: Page) -> Locator:
    return page.locator(".painting .notice")


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Choose one")


def test_palette_image_is_opened_and_can_be_swapped(page: Page) -> None:
    mask = np.roll(TEMPLATE, 40, axis=1)
    open_mask(page, "mine.png", palette_png(mask))
    notice = page.locator(".painting .notice")
    expect(notice).to_contain_text("Opened mine.png. Read by colour")
    assert np.array_equal(drawing(page), mask)
    notice.get_by_role("button", name="Swap left and right").click()
    assert np.array_equal(drawing(page), swap_sides(mask))
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)


def photo() -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def test_bad_files_are_explained_and_leave_the_drawing(page: Page) -> None:
    take(page, "Hat")
    drag(page, *FOREHEAD)
    before = drawing(page)
    notice = page.locator(".painting .notice")
    for number, content in enumerate((b"no image at all", photo(), palette_png(TEMPLATE)[:900])):
        open_mask(page, f"bad{number}.png", content)
        expect(notice).to_contain_text(f"bad{number}.png: ")
        expect(notice).to_have_attribute("data-kind", "error")
        assert "Traceback" not in notice.inner_text()
        as_photo = notice.get_by_role("button", name="Read it as a photo")
        expect(as_photo).to_have_count(0 if number == 0 else 1)  # what is no image is no photo
        assert np.array_equal(drawing(page), before)


def test_saved_masks_come_back_unchanged(page: Page) -> None:
    take(page, "Necklace")
    drag(page, (190, 470), (320, 470))
    original = drawing(page)
    assert Image.open(io.BytesIO(saved_file(page, "Save label mask"))).mode == "P"
    for button in ("Save label mask", "Save colour mask"):
        content = saved_file(page, button)
        from_menu(page, "Start from: Short hair")
        open_mask(page, "again.png", content)
        expect(page.locator(".painting .notice")).to_contain_text("Opened again.png")
        assert np.array_equal(drawing(page), original)
        page.get_by_role("button", name="Dismiss").locator("visible=true").click()


def test_files_of_parts_become_one_mask(page: Page) -> None:
    """Of 19 files that were dropped together, one was looked at."""
    mask = np.roll(TEMPLATE, 30, axis=1)
    files: list[FilePayload] = [
        {
            "name": f"00000_{region.name}.png",
            "mimeType": "image/png",
            "buffer": white(mask == region.index),
        }
        for region in REGIONS
    ]
    page.get_by_label("File to open").set_input_files(files)
    expect(notice(page)).to_contain_text("Opened 19 files. Put together from 19 masks of parts")
    assert np.array_equal(drawing(page), mask)

    bad = {"name": "00000_nose.png", "mimeType": "image/png", "buffer": index_png(TEMPLATE)}
    page.get_by_label("File to open").set_input_files([*files[:2], FilePayload(**bad)])
    expect(notice(page)).to_contain_text("00000_nose.png is not a mask of one part")
    assert np.array_equal(drawing(page), mask)


def test_dropped_files_are_all_opened(page: Page) -> None:
    drop = """([canvas, parts]) => {
        const data = new DataTransfer();
        for (const [name, bytes] of parts) {
            data.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
        }
        canvas.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }"""
    parts = [
        [f"{name}.png", list(white(np.equal(TEMPLATE, index)))]
        for name, index in (("skin", 1), ("hair", HAIR))
    ]
    canvas = page.get_by_label("Canvas").element_handle()
    page.evaluate(drop, [canvas, parts])
    expect(notice(page)).to_contain_text("Put together from 2 masks of parts")
    assert set(np.unique(drawing(page))) == {0, 1, HAIR}


def test_a_part_goes_onto_its_layer(page: Page) -> None:
    open_mask(page, "00000_hat.png", white(cap()))
    expect(notice(page)).to_contain_text("Opened 00000_hat.png on the layer Hat")
    assert np.array_equal(drawing(page), np.where(cap(), np.uint8(HAT), TEMPLATE))
    page.keyboard.press("Control+z")
    assert np.array_equal(drawing(page), TEMPLATE)


def test_a_part_without_a_name_asks_for_its_region(page: Page, tmp_path: Path) -> None:
    open_mask(page, "mask.png", white(cap()))
    expect(dialog(page)).to_contain_text("Which region is white?")
    page.screenshot(path=tmp_path / "region.png")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    assert np.array_equal(drawing(page), TEMPLATE)

    open_mask(page, "mask.png", white(cap()))
    dialog(page).get_by_role("button", name="Hat", exact=True).click()
    expect(notice(page)).to_contain_text("Opened mask.png on the layer Hat")
    assert np.array_equal(drawing(page), np.where(cap(), np.uint8(HAT), TEMPLATE))


@pytest.mark.parametrize("converts", [True, False])
def test_another_label_order_is_offered_with_a_preview(
    page: Page, tmp_path: Path, converts: bool
) -> None:
    """Hair became neck, or mouth, and nothing was said."""
    theirs = to_order(np.roll(TEMPLATE, 20, axis=1), "bisenet")
    stream = io.BytesIO()
    Image.fromarray(theirs).save(stream, "PNG")
    open_mask(page, "parsed.png", stream.getvalue())
    expect(dialog(page)).to_contain_text("in the order of face-parsing.PyTorch")
    expect(dialog(page).locator("canvas")).to_have_count(2)
    page.screenshot(path=tmp_path / "order.png")
    choice = "Convert from face-parsing" if converts else "Take the labels as they are"
    dialog(page).get_by_role("button", name=choice).click()
    expect(notice(page)).to_contain_text("Opened parsed.png")
    expected = np.roll(TEMPLATE, 20, axis=1) if converts else theirs
    assert np.array_equal(drawing(page), expected)


def saved_for_others(page: Page, form: str) -> bytes:
    from_menu(page, OTHER)
    with page.expect_download() as download:
        dialog(page).get_by_role("button", name=form).click()
    return Path(download.value.path()).read_bytes()


def test_a_drawing_is_saved_for_other_programs(page: Page, tmp_path: Path) -> None:
    from_menu(page, OTHER)
    page.screenshot(path=tmp_path / "save.png")
    page.keyboard.press("Escape")

    bisenet = saved_for_others(page, "Labels of face-parsing")
    labels = np.asarray(Image.open(io.BytesIO(bisenet)))
    assert np.array_equal(labels, to_order(TEMPLATE, "bisenet"))

    with ZipFile(io.BytesIO(saved_for_others(page, "Part files"))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert np.array_equal(read_mask(parts).label_map, TEMPLATE)

    svg = saved_for_others(page, "SVG").decode()
    assert svg.count("<g ") == len(REGIONS)
    assert 'id="skin"' in svg and svg.startswith("<svg")


def test_a_locked_layer_keeps_what_it_has(page: Page) -> None:
    take(page, "Hat")
    page.locator(".row.taken [data-kind=locked]").click()
    open_mask(page, "hat.png", white(cap()))
    expect(notice(page)).to_contain_text("Hat is locked")
    assert np.array_equal(drawing(page), TEMPLATE)


def test_sides_of_the_image_are_exchanged(page: Page) -> None:
    stream = io.BytesIO()
    Image.fromarray(to_order(swap_sides(TEMPLATE), "lapa")).save(stream, "PNG")
    open_mask(page, "lapa.png", stream.getvalue())
    dialog(page).get_by_role("button", name="Convert from LaPa").click()
    expect(notice(page)).to_contain_text("Its left and right were the image's")
    assert np.array_equal(drawing(page), np.where(TEMPLATE == NECK, 0, TEMPLATE))
