"""Whatever a caller has for a mask -> its pixels."""

from __future__ import annotations

from typing import Any

from facemogle.masks.arrays import pixels_of_array
from facemogle.masks.decoding import decode, is_file_like
from facemogle.masks.label_map import MaskError
from facemogle.masks.pixels import Pixels, pixels_of_image


def is_list_of_files(source: Any) -> bool:
    """Whether it is several files, and no list of rows."""
    return isinstance(source, list | tuple) and bool(source) and all(map(is_file_like, source))


def pixels_of(source: Any, notes: list[str]) -> Pixels:
    """The pixels of a file, an image, an array, a tensor or a list of rows. Raises MaskError."""
    if source is None:
        raise MaskError("There is no mask. Give a file, an image or an array of labels.")
    if is_file_like(source):
        return pixels_of_image(decode(source), notes)
    if isinstance(source, list | tuple) or hasattr(source, "__array__"):
        return pixels_of_array(source, notes)
    raise MaskError(
        f"A mask of type {type(source).__name__} cannot be read. Give a file, a Pillow image or an "
        "array of labels."
    )
