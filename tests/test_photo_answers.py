"""What the page is answered about a photo, and what comes back when its edit is saved into it."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from zlib import decompress

import numpy as np
import pytest
from photo_scenes import put, room
from PIL import Image

from facemogle.photo.opening import PhotoError
from facemogle.photo.parser import Parsers
from facemogle.ui.photos import Photos

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def photos() -> Photos:
    return Photos(256, Parsers("cpu").parse)


def two_people() -> np.ndarray:
    image, _ = put(room((900, 1200)), 13, (300, 450), 250, 6)
    return put(image, 34, (850, 450), 500, -12)[0]


def png(pixels: np.ndarray, **options: Any) -> bytes:
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG", **options)
    return content.getvalue()


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(b64decode(url.split(",")[1]))))


def sent(*contents: bytes, **data: Any) -> SimpleNamespace:
    """As Gradio hands it over: beside files, a form carries text only."""
    files = [("photo.png", content) for content in contents]
    return SimpleNamespace(files=files, data=data)


def asked(photos: Photos, content: bytes, face: int | None = None) -> dict[str, Any]:
    return photos.read_photo(sent(content, parser="embedded", face=json.dumps(face)))


def test_a_photo_is_answered_with_crop_whole_and_faces(photos: Photos) -> None:
    answer = asked(photos, png(two_people()))
    assert pixels(answer["image"]).shape == (256, 256, 3)
    assert len(decompress(b64decode(answer["labels"]))) == 512 * 512
    assert pixels(answer["whole"]).shape == (900, 1200, 3)
    (left, top, right, bottom), (_, _, other, _) = answer["faces"]
    assert 0.5 < left < right < 1 and 0 < top < bottom < 1 and other < 0.5
    assert answer["chosen"] == 0 and any("2 faces" in note for note in answer["notes"])
    second = asked(photos, png(two_people()), 1)
    assert second["chosen"] == 1 and second["place"] != answer["place"]


def test_an_edit_is_saved_into_the_upright_original(photos: Photos) -> None:
    """Only the crop could be saved; and a phone's photo would come back on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    upright = two_people()
    photo = png(np.rot90(upright).copy(), exif=exif)
    answer = asked(photos, photo)
    before = pixels(answer["image"])
    after = before.copy()
    after[40:60, 100:150] = (200, 30, 90)
    files = (photo, png(before), png(after))
    saved = pixels(photos.save_photo(sent(*files, place=json.dumps(answer["place"])))["image"])
    changed = (saved != upright).any(2)
    assert saved.shape == upright.shape and 0 < changed.mean() < 0.05
    assert not changed[:, :600].any()


def test_a_photo_without_a_face_is_refused(photos: Photos) -> None:
    """A cup of coffee became a mask of 19 regions, on the page and for programs."""
    coffee = png(room((400, 600)))
    assert "No face was found" in asked(photos, coffee)["error"]
    with pytest.raises(PhotoError, match="No face was found"):
        photos.read(coffee, "embedded")
    with pytest.raises(PhotoError, match="'nobody'"):
        photos.read(coffee, "nobody")


def test_programs_get_labels_of_the_images_own_size(photos: Photos) -> None:
    image, truth = put(room((900, 1200)), 34, (850, 450), 500, -12)
    labels = photos.read(png(image), "embedded")
    assert labels.shape == (900, 1200)
    for region in (1, 2, 13):
        ours, theirs = labels == region, truth == region
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.6
