"""A decoded image or an array -> its labels, grey values or colours, in one of two shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from facemogle.masks.label_map import MaskError
from facemogle.masks.regions import NUM_REGIONS, PALETTE, SWAPPED_PALETTE
from facemogle.masks.softened import HIGHEST_STEP

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Pixels:
    """What an image or array holds.

    values: bool or integers (H, W), or colours, uint8 (H, W, 3).
    kind: what the values are called in a sentence: "labels", "indices", "grey values", "colours".
    is_declared: whether a palette says that the values are the labels of our regions.
    is_lossy: whether the file's compression may have moved a label to another one.
    """

    values: np.ndarray
    kind: str
    is_declared: bool = False
    is_lossy: bool = False


def pixels_of_image(image: Image.Image, notes: list[str]) -> Pixels:
    """The pixels of a decoded image; transparent ones are 0. Raises MaskError."""
    try:
        if getattr(image, "is_animated", False):
            notes.append("The file has several images; the first was read.")
        return _pixels(image, notes)
    except MaskError:
        raise
    except Exception as error:  # conversions of broken or rare images raise many kinds
        raise MaskError(
            f"The mask's pixels, of mode {image.mode}, cannot be read ({error}). Save labels 0..18 "
            "as an indexed or grey 8-bit PNG."
        ) from error


def equal_channels(rgb: np.ndarray) -> bool:
    """Whether colours, uint8 (H, W, 3), are greys only."""
    return bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())


def _pixels(image: Image.Image, notes: list[str]) -> Pixels:
    if image.mode == "F":
        values = np.asarray(image)
        if not (np.isfinite(values).all() and (values == np.round(values)).all()):
            raise MaskError(
                "The mask is grey with fractions. Save labels 0..18 as an indexed or grey PNG."
            )
        return Pixels(np.clip(values, -1, 2**30).astype(np.int32), "grey values")
    if image.mode == "1":
        return Pixels(np.asarray(image), "grey values")
    if image.mode == "I" or image.mode.startswith("I;16"):
        notes.append("It is a grey image of more than 8 bits.")
        return Pixels(np.asarray(image), "grey values")

    hidden = _hidden_pixels(image)
    if hidden.any():
        notes.append("Transparent pixels (alpha under 128 of 255) were read as background.")
    is_lossy = _is_lossy(image)
    if image.mode == "P":
        indices = np.asarray(image)
        colors = _colors_used(image, indices)
        if _WHITE in colors.values() and set(colors.values()) <= {_BLACK, _WHITE}:
            white = [index for index, color in colors.items() if color == _WHITE]
            return Pixels(np.isin(indices, white) & ~hidden, "grey values")
        if not _is_reordered(colors):
            values = np.where(hidden, 0, indices)
            return Pixels(values, "indices", is_declared=_is_at_home(colors))
    elif image.mode in ("L", "LA", "La"):
        grey = np.asarray(image.getchannel(0))
        return Pixels(np.where(hidden, np.uint8(0), grey), "grey values", is_lossy=is_lossy)
    rgb = np.array(image.convert("RGB"))
    rgb[hidden] = 0  # black is background
    return Pixels(rgb, "colours", is_lossy=is_lossy)


def _hidden_pixels(image: Image.Image) -> np.ndarray:
    """Where an image is more transparent than not, bool (H, W)."""
    if not image.has_transparency_data:
        return np.zeros((image.height, image.width), bool)
    return np.asarray(image.convert("RGBA"))[..., 3] < 128


def _is_lossy(image: Image.Image) -> bool:
    """Whether a JPEG's flat areas are stored so coarsely that a label may become its neighbour."""
    tables = getattr(image, "quantization", None)
    return bool(tables) and max(table[0] for table in tables.values()) > HIGHEST_STEP


def _colors_used(image: Image.Image, indices: np.ndarray) -> dict[int, tuple[int, ...]]:
    """The colour of each index that occurs and that the palette has."""
    table = image.getpalette() or []
    used = [int(index) for index in np.unique(indices)]
    return {i: tuple(table[3 * i : 3 * i + 3]) for i in used if 3 * i + 3 <= len(table)} | {
        i: () for i in used if 3 * i + 3 > len(table)
    }


def _is_at_home(colors: dict[int, tuple[int, ...]]) -> bool:
    return all(
        index < NUM_REGIONS and color in (PALETTE[index], SWAPPED_PALETTE[index])
        for index, color in colors.items()
    )


def _is_reordered(colors: dict[int, tuple[int, ...]]) -> bool:
    """Whether an indexed image has the regions' colours, but not at the regions' indices.

    Programs that make PNG files smaller sort the palette; the indices then are no labels any more.
    """
    return not _is_at_home(colors) and set(colors.values()) <= set(PALETTE)
