"""Any image file is opened upright and in RGB, or refused with what to do."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from photo_scenes import head
from PIL import Image

from facemogle.photo.opening import PhotoError, open_photo

FACE = Image.fromarray(head(34)[0])
LOSSY = 5.0  # grey levels, mean


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def of_opencv(kind: str, image: np.ndarray) -> bytes:
    return cv2.imencode(kind, image)[1].tobytes()


RGB16 = np.asarray(FACE)[..., ::-1].astype(np.uint16) * 257
GREY16 = np.asarray(FACE.convert("L")).astype(np.uint16) * 257
SEEN = FACE.convert("RGBA")
SEEN.putalpha(Image.linear_gradient("L").point(lambda value: 255 if value else 0))

COLOUR = {
    "jpeg": saved(FACE, "JPEG", quality=95),
    "jpeg cmyk": saved(FACE.convert("CMYK"), "JPEG", quality=95),
    "png": saved(FACE, "PNG"),
    "png palette": saved(FACE.quantize(256), "PNG"),
    "png palette transparent": saved(FACE.quantize(255), "PNG", transparency=255),
    "png alpha": saved(FACE.convert("RGBA"), "PNG"),
    "png 16 bit": of_opencv(".png", RGB16),
    "webp": saved(FACE, "WEBP", quality=95),
    "avif": saved(FACE, "AVIF", quality=90),
    "tiff": saved(FACE, "TIFF", compression="tiff_lzw"),
    "tiff cmyk": saved(FACE.convert("CMYK"), "TIFF"),
    "tiff 16 bit": of_opencv(".tiff", RGB16),
    "gif": saved(FACE, "GIF"),
    "bmp": saved(FACE, "BMP"),
}
GREY = {
    "jpeg grey": saved(FACE.convert("L"), "JPEG", quality=95),
    "png grey": saved(FACE.convert("L"), "PNG"),
    "png grey alpha": saved(FACE.convert("LA"), "PNG"),
    "png 16 bit": of_opencv(".png", GREY16),
    "tiff 16 bit": of_opencv(".tiff", GREY16),
    "tiff float": of_opencv(".tiff", (GREY16 / 65535).astype(np.float32)),
}


def distance(pixels: np.ndarray, image: Image.Image) -> float:
    return float(np.abs(pixels.astype(int) - np.asarray(image.convert("RGB"))).mean())


@pytest.mark.parametrize("kind", COLOUR)
def test_a_coloured_file_is_read(kind: str) -> None:
    """The page refused three kinds that the API read."""
    photo = open_photo(COLOUR[kind])
    assert photo.pixels.dtype == np.uint8 and photo.size == (256, 256)
    assert distance(photo.pixels, FACE) < LOSSY


@pytest.mark.parametrize("kind", GREY)
def test_a_grey_file_is_read(kind: str) -> None:
    """Of 16 bits, Pillow cuts off all that is brighter than 255: a white image."""
    assert distance(open_photo(GREY[kind]).pixels, FACE.convert("L")) < LOSSY


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation: int) -> None:
    """Cameras store how they were held; a parser sees no face in one that lies on its side."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    stored = FACE if back is None else FACE.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        assert distance(open_photo(saved(stored, kind, exif=exif)).pixels, FACE) < 12, kind


def test_what_is_transparent_becomes_white_and_is_said() -> None:
    photo = open_photo(saved(SEEN, "PNG"))
    assert photo.pixels[0].min() == 255 and any("white" in note for note in photo.notes)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_read_and_said(kind: str) -> None:
    frames = saved(FACE, kind, save_all=True, append_images=[Image.new("RGB", FACE.size)])
    photo = open_photo(frames)
    assert distance(photo.pixels, FACE) < 8
    assert any("2" in note and "first one was read" in note for note in photo.notes)


def test_a_phones_second_image_is_no_animation() -> None:
    content = saved(FACE, "MPO", save_all=True, append_images=[FACE.resize((64, 64))])
    photo = open_photo(content)
    assert photo.notes == () and distance(photo.pixels, FACE) < LOSSY


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no image", "not an image that can be read"),
        (saved(FACE, "JPEG")[:3000], "damaged or cut off"),
        (saved(FACE, "PNG")[:3000], "damaged or cut off"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC file.*JPEG"),
        (saved(Image.new("1", (12000, 10000)), "PNG"), "12000x10000"),
    ],
)
def test_what_is_no_photo_is_named(content: bytes, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        open_photo(content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="nowhere"):
        open_photo(tmp_path / "nowhere.jpg")


def large(folder: Path, width: int, height: int) -> Path:
    """A large photo, as a camera stores what it held upright."""
    path = folder / "large.jpg"
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (width, height), "tan").save(path, quality=50, exif=turned)
    return path


def growth(code: str, path: Path) -> tuple[str, int]:
    """What a child process prints, and the megabytes that it grew by at its peak."""
    code = (
        "import resource, sys; path = sys.argv[1]\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n" + code
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    said, megabytes = done.stdout.splitlines()
    return said, int(megabytes)


def test_large_photos_are_scaled_while_they_are_decoded(tmp_path: Path) -> None:
    """100 megapixels as numbers of their own are over a gigabyte, several times over."""
    code = """
from facemogle.photo.opening import open_photo
start = peak()
photo = open_photo(path)
print(photo.pixels.shape, photo.size)
print(peak() - start)
"""
    said, megabytes = growth(code, large(tmp_path, 11600, 8700))
    assert said == "(4096, 3072, 3) (8700, 11600)" and megabytes < 400


def test_an_edit_is_saved_into_a_large_photo_in_little_memory(tmp_path: Path) -> None:
    """A face that fills 101 megapixels took 4.4 GB to paste and save: 43 bytes a pixel."""
    code = """
import json; from base64 import b64decode; from io import BytesIO; from types import SimpleNamespace
import numpy as np; from PIL import Image
from facemogle.photo.crop import Crop; from facemogle.ui.photos import Photos
def png(color):
    content = BytesIO()
    Image.new("RGB", (256, 256), color).save(content, "PNG")
    return "crop.png", content.getvalue()
crop = Crop.whole((8000, 6000), 256)
place = json.dumps([*crop.matrix.ravel().tolist(), crop.side])
files = [("large.jpg", open(path, "rb").read()), png("tan"), png("red")]
photos = Photos(256, None)
start = peak()
answer = photos.save_photo(SimpleNamespace(files=files, data={"place": place}))
grown = peak() - start
Image.MAX_IMAGE_PIXELS = None
print(Image.open(BytesIO(b64decode(answer["image"].split(",")[1]))).size)
print(grown)
"""
    said, megabytes = growth(code, large(tmp_path, 8000, 6000))
    assert said == "(6000, 8000)" and megabytes < 10 * 48
