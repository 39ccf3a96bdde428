"""What can be done with a label map: check it, resize it, and derive images, layers, differences.

A label map is uint8 (H, W) with the region index, 0..18, of every pixel. Left and right are
from the person's point of view.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from facemogle.masks.colors import COLORS
from facemogle.masks.regions import MIRROR, NUM_EXPERTS, NUM_REGIONS, REGIONS

_MIRROR = np.array(MIRROR, np.uint8)


class MaskError(ValueError):
    """A mask cannot be used. The message names what was found and what to do about it."""


def check_label_map(array: object) -> np.ndarray:
    """Validate a label map and return it as uint8 (H, W).

    array: anything ``np.asarray`` takes, of any integer dtype.
    Raises MaskError if it is not two-dimensional, is empty, holds no integers or a label over 18.
    """
    labels = np.asarray(array)
    if labels.ndim != 2 or labels.size == 0:
        raise MaskError(
            f"A label map has the shape (height, width); this one has {labels.shape}. "
            "Give one label per pixel."
        )
    if labels.dtype.kind not in "iu":
        raise MaskError(
            f"A label map holds integers; this one holds {labels.dtype}. "
            "Convert it with .astype('uint8') if its values are labels 0..18."
        )
    wrong = (labels < 0) | (labels >= NUM_REGIONS)
    if wrong.any():
        y, x = (int(i) for i in np.argwhere(wrong)[0])
        raise MaskError(
            f"Label {labels[y, x]} at x {x}, y {y} is not a region, like {wrong.mean():.2%} "
            f"of the pixels: labels go from 0 (background) to {NUM_REGIONS - 1} (clothes). "
            "Give a label map of the 19 CelebAMask-HQ regions."
        )
    return labels.astype(np.uint8)


def resize_label_map(label_map: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize to uint8 (height, width) by nearest neighbour, so that no label is made up."""
    return cv2.resize(label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def compose_layers(layers: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Flatten binary layers to the label map that is visible.

    layers: bool (19, H, W), one layer per region.
    order: regions from the lowest layer to the highest; a later one hides an earlier one, and a
        region that is not named is not drawn.
    Returns uint8 (H, W); where no layer is set, background.
    """
    label_map = np.zeros(layers.shape[1:], np.uint8)
    for region in order:
        label_map[layers[region]] = region
    return label_map


def decouple(label_map: np.ndarray) -> np.ndarray:
    """Semantic decoupling: a label map as the 20 images that the experts see.

    Image 0 is the label map in the palette; image k is 255 where the label is k - 1, else 0
    (Face-MoGLE, section 3.2). Returns uint8 (20, H, W, 3).
    """
    images = np.zeros((NUM_EXPERTS, *label_map.shape, 3), np.uint8)
    images[0] = colorize(label_map)
    for region in present_regions(label_map):
        images[REGIONS[region].expert][label_map == region] = 255
    return images


def colorize(label_map: np.ndarray) -> np.ndarray:
    """Draw a label map in the training data's palette. Returns uint8 (H, W, 3)."""
    return COLORS[label_map]


def index_png(label_map: np.ndarray) -> bytes:
    """Write a label map as an indexed PNG: indices are labels, the palette the data set's."""
    image = Image.fromarray(label_map)
    image.putpalette(COLORS.tobytes())
    return png(image)


def palette_png(label_map: np.ndarray) -> bytes:
    """Write a label map as an RGB PNG in the training data's palette."""
    return png(Image.fromarray(colorize(label_map)))


def swap_sides(label_map: np.ndarray) -> np.ndarray:
    """Exchange left and right eyes, brows and ears (4 and 5, 6 and 7, 8 and 9)."""
    return _MIRROR[label_map]


def mirror(label_map: np.ndarray) -> np.ndarray:
    """Flip left to right. The person's left becomes the person's right, so sides are exchanged."""
    return np.ascontiguousarray(swap_sides(label_map)[:, ::-1])


def changed_regions(before: np.ndarray, after: np.ndarray) -> tuple[int, ...]:
    """Regions, in index order, whose area differs between two label maps of one size."""
    changed = before != after
    return tuple(int(i) for i in np.union1d(before[changed], after[changed]))


def present_regions(label_map: np.ndarray) -> tuple[int, ...]:
    """Regions, in index order, that cover at least one pixel."""
    return tuple(int(i) for i in np.unique(label_map))


def titles(regions: Sequence[int]) -> str:
    """Regions as a person reads them, e.g. ``Hair, Hat``."""
    return ", ".join(REGIONS[region].title for region in regions)


def png(image: Image.Image) -> bytes:
    """An image as the content of a PNG file."""
    stream = BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()
