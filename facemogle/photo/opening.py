"""Any image file -> upright RGB, scaled down while it is decoded, or a line that says why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")
MAX_PIXELS = 110 * 10**6
MAX_PIXELS_BY_FORMAT = {"WEBP": 60 * 10**6, "AVIF": 60 * 10**6, "progressive JPEG": 60 * 10**6}
"""Of formats whose decoders hold several copies of an image: within 1 GB."""
SIDE = 4096
"""Longer side up to which a photograph is read; the rest is only wanted for saving into it."""

STRIP = 2**22
"""Pixels that are converted at a time: copies of a whole photograph would be over 1 GB."""

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class PhotoError(ValueError):
    """An image cannot be read. The message names what was found and what to do about it."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph as it is looked at.

    pixels: uint8 (H, W, 3), upright. size: width and height of the whole photograph, upright; more
    than the pixels' if it was scaled down. notes: what a person should know.
    icc: its colour profile, if its pixels are in one.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    notes: tuple[str, ...] = ()
    icc: bytes | None = None

    @property
    def scale(self) -> float:
        """Pixels of the whole photograph per pixel here."""
        return self.size[0] / self.pixels.shape[1]


def open_photo(source: bytes | str | Path | Image.Image, *, is_whole: bool = False) -> Photo:
    """Open a photograph.

    source: a file's content, its path, or an image that is open.
    is_whole: whether all of its pixels are wanted; else at most SIDE of them either way.
    Raises PhotoError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
            image = source if isinstance(source, Image.Image) else _opened(source)
            return _decoded(image, is_whole)
    except PhotoError:
        raise
    except UnidentifiedImageError as error:
        raise PhotoError(
            "It is not an image that can be read. Give a JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP "
            "file."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{error} Give an image of at most {MAX_PIXELS // 10**6} megapixels."
        ) from error
    except Exception as error:  # on broken files, Pillow raises whatever its decoders meet
        raise PhotoError(f"Its file is damaged or cut off ({error}). Save it again.") from error


def _opened(source: bytes | str | Path) -> Image.Image:
    if isinstance(source, bytes):
        start = source[:64]
    else:
        try:
            with Path(source).open("rb") as file:
                start = file.read(64)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise PhotoError(
                f"The file {str(source)!r:.200} cannot be opened: {reason}. Check the path."
            ) from error
    if start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS and b"avif" not in start[8:]:
        raise PhotoError(
            "It is a HEIC file, which is not read here. Save it as JPEG: open it on the phone or "
            "computer that made it and export it, or set the camera's format to 'Most compatible'."
        )
    return Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)


def _decoded(image: Image.Image, is_whole: bool) -> Photo:
    width, height = image.size
    if not width * height:
        raise PhotoError(f"The image has {width}x{height} pixels. Give one that has some.")
    kind = "progressive JPEG" if image.info.get("progressive") else image.format or ""
    most = MAX_PIXELS_BY_FORMAT.get(kind, MAX_PIXELS)
    if width * height > most:
        raise PhotoError(
            f"The image has {width}x{height} = {width * height / 1e6:.0f} megapixels. Give one of "
            f"at most {most // 10**6}{f' as {kind}' if most < MAX_PIXELS else ''}, or save it as "
            "JPEG, not progressive."
        )
    notes = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # whose others are a phone's depth or preview
        image.seek(0)
        pages = "pages" if image.format == "TIFF" else "frames"
        notes.append(f"The file has {frames} {pages}: the first one was read.")
    icc = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    orientation = _orientation(image)
    share = 1.0 if is_whole else min(1.0, SIDE / max(image.size))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    if share < 1:
        image.draft(None, small)  # a JPEG's pixels need not all be decoded
    image.load()  # which turns a TIFF
    if image.format == "TIFF" and image.size == (height, width):
        small, (width, height) = (small[1], small[0]), image.size
    if image.has_transparency_data:
        notes.append("Its transparent parts were put on white.")
    pixels = _pixels(image, small, orientation)
    return Photo(pixels, (height, width) if orientation >= 5 else (width, height), (*notes,), icc)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 to 8, as of EXIF."""
    if image.format == "TIFF":
        return 1  # Pillow turns these itself
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a damaged note on a good image, which Pillow's reader trips over
        return 1
    return value if value in range(1, 9) else 1


def _pixels(image: Image.Image, size: tuple[int, int], orientation: int) -> np.ndarray:
    """An image as uint8 (H, W, 3), upright. size: width and height, as it lies, to shrink it to."""
    width, height = size
    is_turned = orientation >= 5
    upright = np.empty((width, height, 3) if is_turned else (height, width, 3), np.uint8)
    lying = _TURNS[orientation](upright)
    levels = _levels(image)
    rows = max(1, STRIP // max(image.width, image.height * image.width // height))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        low, high = (row * image.height / height for row in (top, bottom))
        first, last = int(low), min(image.height, int(np.ceil(high)))
        strip = _rgb(image.crop((0, first, image.width, last)), levels)
        if size != image.size:
            box = (0, low - first, image.width, high - first)
            strip = strip.resize((width, bottom - top), Image.Resampling.BOX, box)
        lying[top:bottom] = np.asarray(strip)
    return upright


_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
}
"""How an image lies in its file, as a view of how it is upright, by EXIF's orientation."""


def _levels(image: Image.Image) -> float:
    """The factor that makes an image's values, of more than 8 bits, 0 to 255; 0 for 8 bits."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return 0.0
    _, most = image.getextrema()
    assert not isinstance(most, tuple)  # it has one channel
    # Pillow itself would cut off what is over 255.
    return 255.0 if most <= 1 else 255 / max(most, 65535) if most > 255 else 1.0


def _rgb(image: Image.Image, levels: float) -> Image.Image:
    """An image of any mode in RGB, 8 bits a channel. levels: as of `_levels`."""
    if levels:
        values = np.nan_to_num(np.asarray(image).astype(np.float32)) * levels
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image)
        image = ground
    return image.convert("RGB")
