"""Photographs as cameras, phones and programs write them: each row of docs/photos.md.

All are read alike from Python, by the page and by ``/parse``. Faces are found by their meshes; no
parser has a say in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from photo_scenes import put, room
from PIL import Image

from facemogle.photo.opening import PhotoError, open_photo
from facemogle.photo.reader import PhotoReader, PhotoReading
from facemogle.ui.photos import Photos

DOCS = Path(__file__).parents[1] / "docs/photos.md"
SIDE = 640
LOSSY = 6.0  # grey levels, mean
FACE = Image.fromarray(put(room((SIDE, SIDE)), 34, (320, 330), 440, 0)[0])
BACK = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # to how a camera held so stores it


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def of_opencv(kind: str, image: np.ndarray) -> bytes:
    return cv2.imencode(kind, image)[1].tobytes()


def held(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    back = BACK.get(orientation)
    stored = FACE if back is None else FACE.transpose(Image.Transpose(back))
    return saved(stored, "JPEG", exif=exif, quality=95)


def see_through() -> bytes:
    image = FACE.convert("RGBA")
    image.putalpha(Image.new("L", FACE.size, 255))
    image.paste((0, 0, 0, 0), (0, 0, SIDE, 8))
    return saved(image)


def people(*placed: tuple[int, tuple[float, float], float]) -> bytes:
    scene = room((800, 1200))
    for number, centre, side in placed:
        scene, _ = put(scene, number, centre, side, 0)
    return saved(Image.fromarray(scene))


def unusual() -> list[bytes]:
    deep = np.asarray(FACE)[..., ::-1].astype(np.uint16) * 257
    grey = np.asarray(FACE.convert("L")).astype(np.uint16) * 257
    return [
        saved(FACE.convert("CMYK"), "JPEG", quality=95),
        saved(FACE.convert("L")),
        saved(FACE.quantize(256)),
        of_opencv(".png", deep),
        of_opencv(".tiff", deep),
        of_opencv(".png", grey),
        of_opencv(".tiff", (grey / 65535).astype(np.float32)),
    ]


def several() -> list[bytes]:
    other = Image.new("RGB", FACE.size)
    return [
        saved(FACE, kind, save_all=True, append_images=[other])
        for kind in ("GIF", "WEBP", "PNG", "TIFF")
    ]


FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")

SAME: dict[str, tuple[Callable[[], list[bytes]], str]] = {
    "JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP": (lambda: [saved(FACE, kind) for kind in FORMATS], ""),
    "EXIF orientation, any of 8": (lambda: [held(number) for number in range(1, 9)], ""),
    "CMYK, grey, palette, 16 bits, floating point": (unusual, ""),
    "transparent parts": (lambda: [see_through()], "transparent parts were put on white"),
    "animation, pages": (several, "the first one was read"),
    "12 to 110 megapixels": (lambda: [saved(FACE.resize((4400, 4400)), "JPEG", quality=80)], ""),
}
"""What becomes the same face, upright, and what is said."""

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "more than 110 megapixels": (
        lambda: saved(Image.new("1", (12000, 10000))), "Give one of at most 110",
    ),
    "WebP, AVIF, progressive JPEG of more than 60 megapixels": (
        lambda: saved(Image.new("L", (8192, 7500)), "JPEG", progressive=True),
        "Give one of at most 60",
    ),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "It is a HEIC file"),
    "no image": (lambda: b"%PDF-1.7", "not an image that can be read"),
    "damaged or cut off": (lambda: saved(FACE, "JPEG")[:3000], "damaged or cut off"),
    "no face": (lambda: saved(Image.fromarray(room((400, 600)))), "No face was found"),
}  # fmt: skip

SAID: dict[str, tuple[Callable[[], bytes], str]] = {
    "several faces": (
        lambda: people((13, (300, 400), 200), (63, (850, 400), 400)), "2 faces were found",
    ),
    "a small face": (lambda: people((34, (600, 400), 170)), "The face is small"),
    "a head that reaches the border": (
        lambda: saved(FACE.crop((240, 0, SIDE, SIDE))), "reaches the photograph's border",
    ),
    "a photograph on its side without EXIF": (lambda: saved(FACE.rotate(90)), ""),
}  # fmt: skip
"""What is read, as another face, or lying, and what is said."""


def blind(square: Any, *_: str) -> np.ndarray:
    height, width = np.shape(square)[:2]
    return np.zeros((height, width), np.uint8)


READER, PHOTOS = PhotoReader(blind), Photos(256, blind)


def by_python(content: bytes) -> tuple[PhotoReading, str]:
    photo = open_photo(content)
    reading = READER.read(photo.pixels)
    return reading, " ".join((*photo.notes, *reading.notes))


def on_the_page(content: bytes) -> dict[str, Any]:
    data = {"parser": "embedded", "face": json.dumps(None)}
    return PHOTOS.read_photo(SimpleNamespace(files=[("photo", content)], data=data))


@pytest.mark.parametrize("row", SAME)
def test_a_row_of_the_table_becomes_the_same_pixels(
    row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page refused three kinds of files that `/parse` read; others lay on their sides."""
    found = READER.read(np.asarray(FACE))
    assert not found.notes
    looked_at: list[np.ndarray] = []

    def read(image: np.ndarray, _: int | None = None) -> PhotoReading:
        looked_at.append(image)
        return found

    monkeypatch.setattr(PHOTOS, "_readers", {"embedded": SimpleNamespace(read=read)})
    make, said = SAME[row]
    for content in make():
        photo = open_photo(content)
        notes = " ".join(photo.notes)
        assert said in notes and (said or not notes)
        assert " ".join(on_the_page(content)["notes"]) == notes
        assert PHOTOS.read(content, "embedded").shape == photo.size[::-1]
        for pixels in (photo.pixels, *looked_at):
            small = np.asarray(Image.fromarray(pixels).resize(FACE.size))
            grey = FACE.convert("L") if np.ptp(small, axis=2).max() == 0 else FACE
            assert np.abs(small.astype(int) - np.asarray(grey.convert("RGB"))).mean() < LOSSY
        looked_at.clear()


@pytest.mark.parametrize("row", REFUSED)
def test_a_row_of_the_table_is_refused_everywhere(row: str) -> None:
    """A cup of coffee became a mask of 19 regions, on the page and by `/parse`."""
    make, said = REFUSED[row]
    content = make()
    assert said in on_the_page(content)["error"]
    for read in (by_python, lambda content: PHOTOS.read(content, "embedded")):
        with pytest.raises(PhotoError, match=said):
            read(content)


@pytest.mark.parametrize("row", SAID)
def test_a_row_of_the_table_is_read_and_said(row: str) -> None:
    make, said = SAID[row]
    content = make()
    reading, notes = by_python(content)
    assert said in notes and " ".join(on_the_page(content)["notes"]) == notes
    eyes = [np.argwhere(reading.label_map == eye).mean(0) for eye in (5, 4)]
    assert abs(eyes[0][0] - eyes[1][0]) < 30 and eyes[0][1] + 60 < eyes[1][1]  # upright


def test_the_table_in_the_docs_has_these_rows() -> None:
    lines = DOCS.read_text("utf8").split("| input |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    table = {row[0]: row[2] for row in rows}
    kinds = (SAME, REFUSED, SAID)
    said = {row: said for kind in kinds for row, (_, said) in kind.items()}
    assert set(table) == set(said)
    for row, text in said.items():
        assert f'"{text}"' in table[row] if text else table[row] == "nothing"
