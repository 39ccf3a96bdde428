"""Files, bytes and Pillow images -> a decoded image whose size was checked before."""

from __future__ import annotations

import os
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from facemogle.masks.label_map import MaskError

MAX_SIDE = 4096
"""An image has at most MAX_SIDE * MAX_SIDE pixels; checked on the file's header."""

# Pillow would otherwise try every format it knows; one of them runs Ghostscript.
_FORMATS = ("PNG", "BMP", "GIF", "WEBP", "JPEG", "TIFF")

FileLike = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image


class NoImageError(MaskError):
    """It is no image at all."""


def is_file_like(source: Any) -> bool:
    """Whether it is a path, a file's content, an open file or a Pillow image."""
    known = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image)
    return isinstance(source, known) or hasattr(source, "read")


def name_of(source: Any) -> str | None:
    """The file's name, where a path, an open file or an opened image tells it."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    return name if isinstance(name, str) else None


def named(content: bytes, name: str) -> BytesIO:
    """A file's content as an open file that tells its name."""
    file = BytesIO(content)
    file.name = name
    return file


def decode(source: FileLike) -> Image.Image:
    """Open an image, check its size on the header, then decode it. Raises MaskError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
        try:
            image = source if isinstance(source, Image.Image) else _open(_content(source))
            check_size(image.width, image.height)
            image.load()
        except MaskError:
            raise
        except Image.UnidentifiedImageError as error:
            raise NoImageError(
                "The mask is not an image that can be read. Give a PNG file."
            ) from error
        except Image.DecompressionBombError as error:
            raise MaskError(
                f"{error} Give a mask of at most {MAX_SIDE}x{MAX_SIDE} pixels."
            ) from error
        except Exception as error:  # on broken files, Pillow raises whatever its decoders meet
            raise MaskError(
                f"The mask's file is damaged or cut off ({error}). Save or upload it again."
            ) from error
    return image


def check_size(width: int, height: int) -> None:
    """Raises MaskError if an image has no pixels or too many."""
    if not width * height:
        raise MaskError(f"The mask has {width}x{height} pixels. Give a PNG file that has some.")
    if width * height > MAX_SIDE**2:
        raise MaskError(
            f"The mask has {width}x{height} = {width * height / 1e6:.1f} megapixels. "
            f"Give one of at most {MAX_SIDE**2 / 1e6:.1f}, such as {MAX_SIDE}x{MAX_SIDE}."
        )


def _open(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content), formats=_FORMATS)


def _content(source: Any) -> bytes:
    if isinstance(source, str | os.PathLike):
        return _read(Path(os.fsdecode(source)))
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    content = source.read()
    if not isinstance(content, bytes):
        raise MaskError(
            f"The mask's file gives {type(content).__name__}, not bytes. Open it with mode 'rb'."
        )
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]}..."
        raise MaskError(
            f"The mask file {shown!r} cannot be opened: {reason}. Check the path."
        ) from error
