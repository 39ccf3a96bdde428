"""A photo in the browser: its mask comes onto the canvas, and the next edit starts from it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from photo_scenes import put, room
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect
from studio import TEMPLATE, StudioUnderTest, serve_studio
from test_first_visit import OVERLAPPING
from visitor import PATIENCE, drag, drawing, from_menu, generate, open_mask, shown, take

from facemogle.masks.label_map import index_png
from facemogle.photo.parser import load_parser
from facemogle.photo.reader import PhotoReader
from facemogle.weights import downloads

pytestmark = pytest.mark.visit("shared")

SKIN, NOSE, HAT = 1, 2, 14


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioUnderTest]:
    """What is read of a photo is an image that the embedded model has made."""
    yield from serve_studio()


@pytest.fixture(scope="module")
def face(studio: StudioUnderTest) -> Image.Image:
    """An image by the embedded model, which no file of this program is wrapped around."""
    noise = torch.Generator().manual_seed(0)
    return studio.pipeline("", TEMPLATE, num_inference_steps=4, generator=noise).images[0]


def jpeg(image: Image.Image, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=95, **options)
    return content.getvalue()


def open_image(page: Page, content: bytes) -> None:
    photo: FilePayload = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": content}
    page.get_by_label("Photo to open").set_input_files(photo)
    expect(page.locator(".painting .notice")).to_contain_text("Opened me.jpg.", timeout=PATIENCE)


def scene() -> np.ndarray:
    """Two people in a room, uint8 (900, 1200, 3); the larger one is at the right."""
    image, _ = put(room((900, 1200)), 13, (300, 450), 250, 6)
    return put(image, 34, (850, 450), 500, -12)[0]


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def test_a_photos_face_becomes_mask_and_base_and_goes_back_into_it(page: Page) -> None:
    """The middle square was read; and an edit of a photograph could not leave the page with it."""
    whole = scene()
    open_image(page, png(whole))
    expect(page.locator(".painting .notice")).to_contain_text("2 faces were found")
    dialog = page.get_by_role("dialog", name="Faces of the photo")
    expect(dialog.get_by_role("button", name="Face 1")).to_have_attribute("aria-pressed", "true")
    expect(dialog.get_by_role("button", name="Save in the whole photo")).to_be_disabled()
    dialog.get_by_role("button", name="Edit this face").click()
    save = page.get_by_role("button", name="Save in the whole photo")
    expect(save).to_be_disabled()  # it is as it was
    reader = PhotoReader(load_parser(device="cpu").parse)
    assert (drawing(page) == reader.read(whole).label_map).mean() > 0.99
    before = shown(page)
    take(page, "Hat")
    drag(page, (240, 60), (272, 60))
    generate(page)
    assert (shown(page) == before).all(axis=2).mean() > 0.5

    expect(save).to_be_in_viewport(ratio=1)
    assert page.evaluate(OVERLAPPING) == []
    with page.expect_download() as download:
        save.click()
    assert download.value.suggested_filename == "me_edited.png"
    saved = np.asarray(Image.open(download.value.path()))
    changed = (saved != whole).any(2)
    assert saved.shape == whole.shape and 0 < changed.mean() < 0.1
    assert changed[:, :600].sum() == 0 and changed[450:].sum() == 0
    with page.expect_download() as download:
        from_menu(page, "Save in the whole photo")
    assert download.value.suggested_filename == "me_edited.png"
    page.locator(".strip button").last.click()  # the photo's own image again
    expect(save).to_be_disabled()


def test_another_face_is_taken_with_a_click(page: Page) -> None:
    whole = scene()
    open_image(page, png(whole))
    dialog = page.get_by_role("dialog", name="Faces of the photo")
    dialog.get_by_role("button", name="Face 2").click()
    second = dialog.get_by_role("button", name="Face 2")
    expect(second).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    dialog.get_by_role("button", name="Edit this face").click()
    reader = PhotoReader(load_parser(device="cpu").parse)
    assert (drawing(page) == reader.read(whole, 1).label_map).mean() > 0.99


def test_a_photo_without_a_face_says_so_and_leaves_the_drawing(page: Page) -> None:
    """A cup of coffee became a mask of 19 regions."""
    painted = drawing(page)
    photo: FilePayload = {
        "name": "coffee.png", "mimeType": "image/png", "buffer": png(room((400, 600))),
    }  # fmt: skip
    page.get_by_label("Photo to open").set_input_files(photo)
    notice = page.locator(".painting .notice")
    expect(notice).to_contain_text("No face was found", timeout=PATIENCE)
    assert np.array_equal(drawing(page), painted)


def open_pair(page: Page, image: bytes, mask: bytes | None = None) -> Locator:
    """Returns the dialog, in which both are chosen; without a mask, the drawing is it."""
    from_menu(page, "Open photo + my mask…")
    dialog = page.get_by_role("dialog", name="Photo + my mask")
    expect(dialog.get_by_role("button", name="Edit this image")).to_be_disabled()
    file: FilePayload = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": image}
    page.get_by_label("Image to edit").set_input_files(file)
    if mask:
        own: FilePayload = {"name": "own.png", "mimeType": "image/png", "buffer": mask}
        page.get_by_label("Mask of the image").set_input_files(own)
    dialog.get_by_role("button", name="Edit this image").click()
    return dialog


def test_an_image_is_edited_with_a_mask_of_ones_own(page: Page, face: Image.Image) -> None:
    """No parser may have a say in it."""
    own = np.where(TEMPLATE == NOSE, SKIN, TEMPLATE)
    wide = Image.new("RGB", (face.width + 80, face.height), "white")
    wide.paste(face, (40, 0))
    margin = 512 * 40 // face.height
    mask = np.pad(own, ((0, 0), (margin, margin)))
    dialog = open_pair(page, jpeg(wide), index_png(mask))
    expect(dialog).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".painting .notice")).to_contain_text("Opened me.jpg with its mask.")
    assert np.array_equal(drawing(page), own)
    before = shown(page)
    assert np.abs(before.astype(int) - np.asarray(face)).mean() < 3
    take(page, "Hat")
    drag(page, (240, 60), (272, 60))
    generate(page)
    same = (shown(page) == before).all(axis=2)
    assert same.mean() > 0.5 and same[56:66, 240:272].mean() < 0.5


@pytest.mark.visit("first")
def test_a_photo_with_nothing_changed_is_left_as_it_is_and_that_is_said(
    page: Page, studio: StudioUnderTest, face: Image.Image
) -> None:
    """Generate replaced the photo by another face; words alone say nothing of a photo."""
    expect(open_pair(page, jpeg(face), index_png(TEMPLATE))).to_be_hidden(timeout=PATIENCE)
    before, made = shown(page), studio.steps
    notice = page.locator(".result .notice")
    for words in ("", "an old man"):
        page.get_by_role("textbox", name="Prompt").fill(words)
        page.get_by_role("button", name="Generate", exact=True).click()
        expect(notice).to_contain_text("The mask is as it was, so the image stays as it is")
        expect(notice).to_be_visible()
        expect(notice).to_have_attribute("data-kind", "info")  # nothing was asked for, or failed
        assert np.array_equal(shown(page), before)
    assert studio.steps == made
    expect(page.locator(".strip button")).to_have_count(1)


def test_a_pair_that_does_not_fit_is_explained_and_can_be_mended(
    page: Page, face: Image.Image
) -> None:
    take(page, "Hat")
    drag(page, (240, 60), (272, 60))
    painted = drawing(page)
    dialog = open_pair(page, jpeg(face), index_png(TEMPLATE[:300]))
    expect(dialog).to_contain_text(
        f"{face.width}x{face.height} pixels and the mask 512x300", timeout=PATIENCE
    )
    page.get_by_label("Mask of the image").set_input_files(
        {"name": "no.png", "mimeType": "image/png", "buffer": b"no image"}
    )
    dialog.get_by_role("button", name="Edit this image").click()
    expect(dialog.get_by_role("alert")).not_to_contain_text("512x300", timeout=PATIENCE)
    page.keyboard.press("Escape")
    assert np.array_equal(drawing(page), painted)
    expect(open_pair(page, jpeg(face))).to_be_hidden(timeout=PATIENCE)
    assert np.array_equal(drawing(page), painted)  # it was the mask
    expect(page.get_by_alt_text("Generated face")).to_be_visible()


def test_an_image_that_is_no_mask_can_be_read_as_a_photo(page: Page, face: Image.Image) -> None:
    open_mask(page, "face.png", jpeg(face))
    notice = page.locator(".painting .notice")
    expect(notice).to_have_attribute("data-kind", "error")
    notice.get_by_role("button", name="Read it as a photo").click()
    expect(notice).to_contain_text("Opened face.png.", timeout=PATIENCE)
    assert not np.array_equal(drawing(page), TEMPLATE)


def test_without_network_the_hubs_parser_explains_and_the_drawing_stays(
    page: Page, face: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def offline(*given: object, **__: object) -> str:
        asked.extend(given)
        raise LocalEntryNotFoundError("no such file")

    monkeypatch.setattr(downloads, "snapshot_download", offline)
    open_image(page, jpeg(face))
    read = drawing(page)
    notice = page.locator(".painting .notice")
    notice.get_by_role("button", name="Use the parser for photographs").click()
    download = notice.get_by_role("button", name="Download 339 MB")  # it began at once, unsaid
    expect(download).to_be_visible()
    assert asked == []
    download.click()
    expect(notice).to_contain_text("could not be downloaded", timeout=PATIENCE)
    assert np.array_equal(drawing(page), read)
