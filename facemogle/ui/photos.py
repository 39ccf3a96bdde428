"""Images that are no masks: read as label maps, for the page and for the API."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image

from facemogle.masks.reading import read_mask
from facemogle.photo.crop import Crop
from facemogle.photo.download import ParserDownload
from facemogle.photo.framing import same_proportions
from facemogle.photo.hub import PARSERS
from facemogle.photo.opening import Photo, PhotoError, open_photo
from facemogle.photo.pasting import paste_into
from facemogle.photo.reader import PhotoReader, PhotoReading
from facemogle.ui.asked import whole_number
from facemogle.ui.data_url import MAX_SIDE, data_url
from facemogle.ui.studio import SIDE, packed

log = logging.getLogger(__name__)

LEAST_SIDE, MOST_SIDES = 8, 8
"""Of a crop: in pixels of its photo, and in the photo's longer sides."""
WHOLE = 1280
"""Longer side, in pixels, of the whole photograph as the page shows it."""

MOST_FACES = 10_000

_CROPPED = "Its middle square was taken."
_AGAIN = "Open the photo again."

Parse = Callable[[Image.Image, str], np.ndarray]


class Photos:
    """Reads images of faces for the page and the API, and puts edits back into them.

    side: of the images that the page edits, in pixels. parse: an image and the parser's name ->
    label map, uint8 (H, W), as `Engine.parse`.
    """

    def __init__(self, side: int, parse: Parse) -> None:
        self.side = side
        self._download = ParserDownload()
        self._readers = {name: PhotoReader(partial(_parsed, parse, name)) for name in PARSERS}

    def read(self, content: bytes | Image.Image, parser: str) -> np.ndarray:
        """The label map of an image's largest face, uint8 (H, W), of the image's size, upright.

        content: a file's, or an open image. Raises PhotoError or CheckpointError.
        """
        photo = open_photo(content)
        reading = self._reader(parser).read(photo.pixels)
        width, height = photo.size
        return reading.crop.enlarged(photo.scale).spread_labels(reading.label_map, (height, width))

    def read_photo(self, sent: Any) -> dict[str, Any]:
        """Read a photo that a person opens. Called by the browser, outside the queue.

        sent: one uploaded file, as ``sent.files[0] = (name, content)``; ``sent.data`` with the
        parser's name, ``parser``, and as JSON the number of a face, ``face``, null = the largest.
        Returns ``image`` (data URL of the face's upright crop), ``labels`` (see ``packed``),
        ``notes``; ``whole`` (data URL of the photo), ``faces`` (their left, top, right and bottom
        as shares of it), ``chosen`` (one's number) and ``place`` (see `save_photo`); or ``error``.
        """
        try:
            photo = open_photo(sent.files[0][1])
            face = json.loads(sent.data["face"])
            face = None if face is None else whole_number("Face", face, 0, MOST_FACES)
            reading = self._reader(sent.data["parser"]).read(photo.pixels, face)
        except ValueError as error:
            return {"error": str(error)}
        except Exception as error:
            log.exception("reading a photo failed")
            return {
                "error": f"It could not be read ({type(error).__name__}; see the server's log)."
            }
        return {
            "image": self._url(reading.image),
            "labels": packed(reading.label_map),
            "notes": [*photo.notes, *reading.notes],
            **_whole(photo, reading),
        }

    def save_photo(self, sent: Any) -> dict[str, Any]:
        """Put an edit back into the photo. Called by the browser, outside the queue.

        sent: three files: the photo, its crop as it was opened, and what became of it; and the
        crop's ``place``, as ``sent.data["place"]``, JSON: the six numbers of its matrix, its side.
        Returns ``image``, data URL of a PNG of the photo's size, upright; or ``error``.
        """
        try:
            (_, content), *crops = sent.files
            before, after = (_read_crop(crop) for _, crop in crops)
            if before.shape != after.shape:
                raise PhotoError(f"The crop and its edit differ in size. {_AGAIN}")
            photo = open_photo(content, is_whole=True)
            crop = _read_place(sent.data["place"], photo.size)
            paste_into(photo.pixels, before, after, crop)
        except ValueError as error:
            return {"error": str(error)}
        icc, image = photo.icc, Image.fromarray(photo.pixels)
        del photo  # each copy of a large one is some hundred megabytes
        png = BytesIO()
        # A photograph of 12 megapixels takes seconds at the usual level.
        image.save(png, "PNG", compress_level=2, icc_profile=icc)
        del image
        return {"image": data_url("png", png.getbuffer())}

    def parser_download(self, wish: str) -> dict[str, Any]:
        """Start, stop or ask about the download of the hub's parser. Called by the browser.

        wish: "start", "cancel" or "tell". Returns a `Progress`: state, done, total, error.
        """
        if wish == "start":
            self._download.start()
        elif wish == "cancel":
            self._download.cancel()
        return asdict(self._download.progress)

    def read_pair(self, sent: Any) -> dict[str, Any]:
        """Read an image and a person's own mask of it. Called by the browser, outside the queue.

        sent: two uploaded files, image and mask, as ``sent.files[i] = (name, content)``. A mask
        has the image's proportions, or is that of its middle square.
        Returns ``image``, ``labels`` and ``notes`` as `read_photo`, or ``error``.
        """
        (_, image), (_, mask) = sent.files
        try:
            photo, reading = open_photo(image), read_mask(mask)
            height, width = reading.label_map.shape
            long, high = photo.size
            if width != height and not same_proportions((height, width), (high, long)):
                raise PhotoError(
                    f"The image has {long}x{high} pixels and the mask {width}x{height}. Give a "
                    "mask of the image's proportions, or a square one."
                )
        except ValueError as error:
            return {"error": str(error)}
        square = Crop.middle(photo.pixels.shape[:2], SIDE).cut(photo.pixels)
        label_map = Crop.middle((height, width), SIDE).cut_labels(reading.label_map)
        notes = [*photo.notes, *reading.notes, *([_CROPPED] if long != high else [])]
        return {"image": self._url(square), "labels": packed(label_map), "notes": notes}

    def _reader(self, parser: str) -> PhotoReader:
        if parser not in self._readers:
            raise PhotoError(f"The parser is {parser!r}: take {' or '.join(PARSERS)}.")
        return self._readers[parser]

    def _url(self, square: np.ndarray) -> str:
        """A crop as the page edits it."""
        size = (self.side, self.side)
        shrink = cv2.INTER_AREA if self.side < len(square) else cv2.INTER_CUBIC
        return _png_url(cv2.resize(square, size, interpolation=shrink))


def _parsed(parse: Parse, name: str, square: np.ndarray) -> np.ndarray:
    return parse(Image.fromarray(square), name)


def _read_crop(content: bytes) -> np.ndarray:
    """A crop as the page has it, uint8 (S, S, 3). Raises PhotoError."""
    pixels = open_photo(content).pixels
    if pixels.shape[0] != pixels.shape[1] or len(pixels) > MAX_SIDE:
        high, wide = pixels.shape[:2]
        raise PhotoError(f"The photo's crop is {wide}x{high} pixels large. {_AGAIN}")
    return pixels


def _read_place(text: str, size: tuple[int, int]) -> Crop:
    """A crop's place in a photo of (width, height), as `_whole` has it. Raises PhotoError."""
    refusal = PhotoError(f"The crop does not lie in the photo. {_AGAIN}")
    try:
        *matrix, side = json.loads(text)
        crop = Crop(np.array(matrix, float).reshape(2, 3), int(side))
    except (ValueError, TypeError, OverflowError) as error:
        raise refusal from error
    (a, b), (c, d) = crop.matrix[:, :2]
    is_square = np.isfinite(crop.matrix).all() and np.allclose((a, b), (d, -c))
    if not (is_square and 1 <= crop.side <= MAX_SIDE):
        raise refusal
    low, high = crop.corners.min(0), crop.corners.max(0)
    is_inside = (high > 0).all() and (low < size).all()
    if not (is_inside and LEAST_SIDE < crop.scale * crop.side < MOST_SIDES * max(size)):
        raise refusal
    return crop


def _whole(photo: Photo, reading: PhotoReading) -> dict[str, Any]:
    """The photograph, its faces and the crop's place in it, for the page."""
    high, wide = photo.pixels.shape[:2]
    crop = reading.crop.enlarged(photo.scale)
    small = Image.fromarray(photo.pixels)
    small.thumbnail((WHOLE, WHOLE), reducing_gap=2)
    jpeg = BytesIO()
    small.save(jpeg, "JPEG", quality=85)
    extent = np.array([wide, high, wide, high])
    return {
        "whole": data_url("jpeg", jpeg.getvalue()),
        "faces": [(np.array(box) / extent).tolist() for box in reading.faces],
        "chosen": reading.chosen,
        "place": [*crop.matrix.ravel().tolist(), crop.side],
    }


def _png_url(pixels: np.ndarray) -> str:
    png = BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return data_url("png", png.getvalue())
