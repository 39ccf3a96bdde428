"""Any image file -> upright RGB, scaled down while it is decoded, or a line that says why not."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")
MAX_PIXELS = 110 * 10**6
MAX_PIXELS_BY_FORMAT = {"WEBP": 60 * 10**6, "AVIF": 60 * 10**6}
"""Of formats whose decoders hold several copies of an image: within 1 GB."""
SIDE = 4096
"""Longer side up to which a photograph is read; the rest is only wanted for saving into it."""

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
        image = source if isinstance(source, Image.Image) else _opened(source)
        return _decoded(image, is_whole)
    except UnidentifiedImageError as error:
        raise PhotoError(
            "It is not an image that can be read. Give a JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP "
            "file."
        ) from error
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise PhotoError(f"Its file is damaged or cut off ({error}). Save it again.") from error


def _opened(source: bytes | str | Path) -> Image.Image:
    if not isinstance(source, bytes):
        try:
            source = Path(source).read_bytes()
        except OSError as error:
            raise PhotoError(
                f"The file {str(source)!r} cannot be opened: {error.strerror}. Check the path."
            ) from error
    if source[4:8] == b"ftyp" and source[8:12] in HEIC_BRANDS and b"avif" not in source[8:64]:
        raise PhotoError(
            "It is a HEIC file, which is not read here. Save it as JPEG: open it on the phone or "
            "computer that made it and export it, or set the camera's format to 'Most compatible'."
        )
    return Image.open(BytesIO(source), formats=FORMATS)


def _decoded(image: Image.Image, is_whole: bool) -> Photo:
    width, height = image.size
    most = MAX_PIXELS_BY_FORMAT.get(image.format or "", MAX_PIXELS)
    if width * height > most:
        raise PhotoError(
            f"The image has {width}x{height} = {width * height / 1e6:.0f} megapixels. Give one of "
            f"at most {most // 10**6}, or save it as JPEG."
        )
    notes = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # whose others are a phone's depth or preview
        image.seek(0)
        kind = "pages" if image.format == "TIFF" else "frames"
        notes.append(f"The file has {frames} {kind}: the first one was read.")
    icc = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    orientation = _orientation(image)
    rgb = _rgb(image if is_whole else _small(image), notes)
    rgb.load()  # which turns a TIFF
    rgb.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(rgb, in_place=True)
    size = (height, width) if orientation >= 5 else (width, height)
    return Photo(np.asarray(rgb), size, tuple(notes), icc)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 to 8, as of EXIF."""
    if image.format == "TIFF":
        return 1  # Pillow turns these itself
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, OSError, ValueError):  # a damaged note on a good image
        return 1
    return value if value in range(1, 9) else 1


def _small(image: Image.Image) -> Image.Image:
    """An image, not yet decoded, of at most SIDE pixels either way."""
    share = SIDE / max(image.size)
    if share >= 1:
        return image
    width, height = (max(1, round(length * share)) for length in image.size)
    image.draft(None, (width, height))  # a JPEG's pixels need not all be decoded
    if image.mode in ("P", "PA", "1"):  # whose values cannot be averaged
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.resize((width, height), Image.Resampling.BOX)


def _rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """An image of any mode in RGB, 8 bits a channel."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float32)
        most = float(values.max())
        # Pillow itself would cut off what is over 255.
        if most <= 1:
            values *= 255
        elif most > 255:
            values *= 255 / max(most, 65535)
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        notes.append("Its transparent parts were put on white.")
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image)
        image = ground
    return image if image.mode == "RGB" else image.convert("RGB")  # a copy may be 400 MB
