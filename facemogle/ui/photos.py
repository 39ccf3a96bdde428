"""Images that are no masks: read as label maps, for the page and for the API."""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from facemogle.masks.label_map import present_regions, resize_label_map
from facemogle.masks.reading import read_mask
from facemogle.photo.names import HUB_REPOSITORY
from facemogle.ui.data_url import data_url
from facemogle.ui.studio import SIDE, packed

log = logging.getLogger(__name__)

MAX_PIXELS = 64 * 10**6

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
_NOSE = 2
_CROPPED = "Its middle square was taken."

_TRUST = {
    "embedded": "Read with the embedded parser, which knows rendered faces: on a photograph, check "
    "every region.",
    "hub": f"Read with {HUB_REPOSITORY}, which was trained on photographs.",
}


Parse = Callable[[Image.Image, str], np.ndarray]


class PhotoError(ValueError):
    """An image cannot be read. The message names what was found and what to do about it."""


class Photos:
    """Reads images of faces for the page.

    side: of the images that the page edits, in pixels. parse: an image and the parser's name ->
    label map, uint8 (H, W), as `Engine.parse`.
    """

    def __init__(self, side: int, parse: Parse) -> None:
        self.side, self.parse = side, parse

    def read_photo(self, sent: Any) -> dict[str, Any]:
        """Read a photo that a person opens. Called by the browser, outside the queue.

        sent: one uploaded file, as ``sent.files[0] = (name, content)``, and the parser's name, as
        ``sent.data["parser"]``.
        Returns ``image`` (data URL of its middle square), ``labels`` (see ``packed``) and
        ``notes``; or ``error``.
        """
        try:
            photo = open_photo(sent.files[0][1])
            square = ImageOps.fit(photo, (SIDE, SIDE), Image.Resampling.LANCZOS)
            label_map = self.parse(square, sent.data["parser"])
        except ValueError as error:
            return {"error": str(error)}
        except Exception as error:
            log.exception("parsing failed")
            return {
                "error": f"It could not be read ({type(error).__name__}; see the server's log)."
            }
        notes = [_TRUST[sent.data["parser"]]]
        if photo.width != photo.height:
            notes.append(_CROPPED)
        if _NOSE not in present_regions(label_map):
            notes.append("No nose was found: crop the photo to one face.")
        return {"image": self._url(square), "labels": packed(label_map), "notes": notes}

    def read_pair(self, sent: Any) -> dict[str, Any]:
        """Read an image and a person's own mask of it. Called by the browser, outside the queue.

        sent: two uploaded files, image and mask, as ``sent.files[i] = (name, content)``. A mask
        has the image's proportions, or is that of its middle square.
        Returns the same as `read_photo`.
        """
        (_, image), (_, mask) = sent.files
        try:
            photo, reading = open_photo(image), read_mask(mask)
            height, width = reading.label_map.shape
            if width != height and abs(width / height * photo.height / photo.width - 1) > 0.02:
                raise PhotoError(
                    f"The image has {photo.width}x{photo.height} pixels and the mask "
                    f"{width}x{height}. Give a mask of the image's proportions, or a square one."
                )
        except ValueError as error:
            return {"error": str(error)}
        square = ImageOps.fit(photo, (SIDE, SIDE), Image.Resampling.LANCZOS)
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        label_map = reading.label_map[top : top + side, left : left + side]
        notes = [*reading.notes, *([_CROPPED] if photo.width != photo.height else [])]
        label_map = resize_label_map(label_map, SIDE, SIDE)
        return {"image": self._url(square), "labels": packed(label_map), "notes": notes}

    def _url(self, square: Image.Image) -> str:
        """An image as the page edits it."""
        image = BytesIO()
        square.resize((self.side, self.side), Image.Resampling.LANCZOS).save(image, "PNG")
        return data_url("png", image.getvalue())


def open_photo(content: bytes) -> Image.Image:
    """Decode a photo, upright, in RGB. Raises PhotoError."""
    try:
        photo = Image.open(BytesIO(content), formats=_FORMATS)
        if photo.width * photo.height > MAX_PIXELS:
            raise PhotoError(
                f"The image has {photo.width}x{photo.height} pixels. Give one of at most "
                f"{MAX_PIXELS // 10**6} megapixels."
            )
        photo.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG's pixels need not all be decoded
        return ImageOps.exif_transpose(photo).convert("RGB")
    except UnidentifiedImageError as error:
        raise PhotoError(
            "It is no image that can be read. Give a JPEG, PNG, WebP or BMP file."
        ) from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError(f"Its file is damaged or cut off ({error}). Save it again.") from error
