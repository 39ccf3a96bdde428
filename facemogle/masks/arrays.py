"""Arrays, tensors and lists, as libraries hand them out -> pixels. Imports none of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from facemogle.masks.decoding import check_size
from facemogle.masks.label_map import MaskError
from facemogle.masks.pixels import Pixels
from facemogle.masks.regions import NUM_REGIONS

_REMEDY = (
    "Give labels, integers (height, width), or colours, uint8 (height, width, 3 or 4); a batch's "
    "masks one by one."
)


def pixels_of_array(source: Any, notes: list[str]) -> Pixels:
    """The pixels of an array, a tensor or a list of rows. Raises MaskError."""
    array = _plain(source)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]  # a batch of one
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[..., 0] if array.shape[-1] == 1 else array[0]
    if array.ndim not in (2, 3) or array.size == 0 or array.dtype.kind not in "biuf":
        raise _wrong(array)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise MaskError(f"The mask array has values that are not finite. {_REMEDY}")
    if array.ndim == 3:
        return _colors_or_scores(array, notes)
    check_size(array.shape[1], array.shape[0])
    return Pixels(_integers(array, notes), "labels")


def _plain(source: Any) -> np.ndarray:
    """Anything that is an array to some library, as one of NumPy's."""
    try:
        if hasattr(source, "detach"):  # a tensor of torch, on any device, of any precision
            source = source.detach().cpu()
            source = source.float() if source.is_floating_point() else source
            return source.numpy()
        array = np.asarray(source)
    except Exception as error:  # whatever a foreign library raises
        raise MaskError(
            f"The mask of type {type(source).__name__} is not an array ({error}). {_REMEDY}"
        ) from error
    return array


def _integers(array: np.ndarray, notes: list[str]) -> np.ndarray:
    """Labels (H, W) that may have become fractions on their way."""
    if array.dtype.kind != "f":
        return array
    for scale, said in ((1, ""), (255, "Its values are labels divided by 255. ")):
        labels = np.round(array * scale)
        close = np.abs(array * scale - labels).max() < 1e-3
        if close and labels.min() >= 0 and (scale == 1 or 0 < labels.max() < NUM_REGIONS):
            notes.append(f"{said}Read as labels from an array of {array.dtype}.")
            return labels.clip(max=2**31 - 1).astype(np.int64)
        if scale == 1 and close:
            break
    raise MaskError(
        f"A label map holds integers; this one holds {array.dtype} with fractions. "
        "Convert it with .astype('uint8') if its values are labels 0..18."
    )


def _colors_or_scores(array: np.ndarray, notes: list[str]) -> Pixels:
    """Colours with channels last or first; 19 channels are scores of the labels."""
    if array.shape[2] not in (3, 4) and array.shape[0] in (3, 4, NUM_REGIONS):
        array = np.moveaxis(array, 0, 2)
    height, width, channels = array.shape
    check_size(width, height)
    if channels == NUM_REGIONS:
        notes.append("Read from 19 channels: the label is the channel with the highest value.")
        return Pixels(array.argmax(axis=2).astype(np.uint8), "labels")
    if channels not in (3, 4):
        raise _wrong(array)
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        notes.append("Colours were read from fractions of 1.")
        array = np.round(array * 255)
    if array.dtype == bool or array.min() < 0 or array.max() > 255 or (array % 1).any():
        raise _wrong(array)
    rgb = array[..., :3].astype(np.uint8)
    if channels == 4 and (hidden := array[..., 3] < 128).any():
        notes.append("Transparent pixels (alpha under 128 of 255) were read as background.")
        rgb[hidden] = 0
    return Pixels(rgb, "colours")


def _wrong(array: np.ndarray) -> MaskError:
    return MaskError(f"The mask array is {array.dtype} {array.shape}. {_REMEDY}")
