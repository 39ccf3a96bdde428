"""The colours of an image -> labels of regions, exactly and at softened edges.

Shapes: H, W = height and width in pixels.
"""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np

from facemogle.masks.regions import NUM_REGIONS, PALETTE

COLORS = np.array(PALETTE, np.uint8)  # (19, 3)


def colors_to_labels(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Look up every pixel among the exact colours of the training palette.

    rgb: uint8 (H, W, 3).
    Returns the labels, uint8 (H, W), and where they hold, bool (H, W); other pixels have label 0.
    """
    codes = _codes(COLORS)
    order = np.argsort(codes)
    pixels = _codes(rgb)
    found = order[np.searchsorted(codes[order], pixels).clip(max=NUM_REGIONS - 1)]
    known = codes[found] == pixels
    return np.where(known, found, 0).astype(np.uint8), known


def is_blend(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Where a pixel has a region's colour by accident, as the blend of two other regions.

    Black and hair blue, mixed 1:3, are exactly the lower lip's blue: a mask enlarged twofold with
    bilinear filtering would have lips all along its hair. Such pixels form lines one pixel wide
    between the two regions that were mixed.

    labels, known: as ``colors_to_labels`` returns them. Returns bool (H, W).
    """
    blended = np.zeros_like(known)
    for label, first, second in _BLENDS:
        ours = known & (labels == label)
        thin = ours & ~_thick(ours)
        near = [_grow(known & (labels == mixed), 4) for mixed in (first, second)]
        blended |= thin & near[0] & near[1]
    return blended


def is_solid(rgb: np.ndarray) -> np.ndarray:
    """Centres of the 3x3 squares of one colour, bool (H, W); a softened edge has none."""
    codes = _codes(rgb).astype(np.float32)  # exact, as codes are below 2^24
    square = np.ones((3, 3), np.uint8)
    lowest = cv2.erode(codes, square, borderType=cv2.BORDER_REPLICATE)
    return lowest == cv2.dilate(codes, square, borderType=cv2.BORDER_REPLICATE)


def spread_labels(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give every unknown pixel the label of the known pixel nearest to it in the image.

    Nearest in place, not in colour: halfway between skin red and hair blue lies the violet of the
    right eye, but only skin and hair are nearby.

    labels, known: uint8 and bool (H, W), at least one pixel known. Returns uint8 (H, W).
    """
    _, sources = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    sources = sources.astype(np.intp)  # numbers of known pixels, in an order of OpenCV's own
    label_of_source = np.zeros(sources.max() + 1, np.uint8)
    label_of_source[sources[known]] = labels[known]
    return label_of_source[sources]


def _codes(rgb: np.ndarray) -> np.ndarray:
    """One integer per colour, 0..2^24-1."""
    red, green, blue = np.moveaxis(rgb.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _grow(mask: np.ndarray, pixels: int) -> np.ndarray:
    square = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), square).view(bool)


def _thick(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that are at least two pixels thick: its opening by a 2x2 square."""
    square = np.ones((2, 2), np.uint8)
    eroded = cv2.erode(mask.view(np.uint8), square, anchor=(1, 1))
    return cv2.dilate(eroded, square, anchor=(0, 0)).view(bool)


def _accidental_blends() -> tuple[tuple[int, int, int], ...]:
    """All (label, first, second) where the label's colour is a mix of the two others' colours."""
    colors = COLORS.astype(float)
    found = []
    for first, second in combinations(range(NUM_REGIONS), 2):
        span = colors[second] - colors[first]
        for label in set(range(NUM_REGIONS)) - {first, second}:
            share = (colors[label] - colors[first]) @ span / (span @ span)
            error = np.abs(colors[first] + share * span - colors[label]).max()
            if 0 < share < 1 and error <= 1:
                found.append((label, first, second))
    return tuple(found)


_BLENDS = _accidental_blends()
