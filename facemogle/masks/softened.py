"""Label maps that were enlarged with smoothing or saved as JPEG: labels between two are no regions.

Halfway between background (0) and neck (17) lie the labels of eyes, brows and ears.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.colors import spread_labels

SOFT = 0.5
"""From this share of passing borders on, a map is softened; of rendered label maps at 64 to 512
pixels, softened ones had 0.65 to 1 and others up to 0.36."""

FEWEST = 16
"""Passing pixels; fewer are no sign of anything."""

WIDE = 0.06
"""If more than this share of the pixels passes between regions, passages are wide."""

MAX_UNCERTAIN = 0.25
"""The share of pixels up to which what lies between regions is given to the nearer one."""

HIGHEST_STEP = 6
"""JPEG's quantisation of flat areas, up to which a label survives: at most 6/16 of it is lost."""

_REACH = 4  # pixels, in which a passage has both its regions


def is_softened(values: np.ndarray) -> bool:
    """Whether labels pass into each other over labels between theirs, instead of meeting.

    values: integers (H, W).
    """
    small = np.clip(values, 0, 255).astype(np.int16)
    solid = _solid(small, 3)
    around = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
    lowest = cv2.erode(np.where(solid, small, np.int16(999)), around)
    highest = cv2.dilate(np.where(solid, small, np.int16(-1)), around)
    passing = int((~solid & (lowest < small) & (small < highest)).sum())
    meeting = _meetings(small, solid) + _meetings(small.T, solid.T)
    return passing >= FEWEST and passing > SOFT * (passing + meeting)


def settle_soft_labels(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Give what lies between two regions to the nearer one.

    values: integers (H, W), softened. Returns labels, uint8 (H, W), and the share of pixels that
    were given away.
    """
    small = np.clip(values, 0, 255).astype(np.int16)
    solid = _solid(small, 3)
    if (~solid).mean() > WIDE:
        solid = _solid(small, 5)
    if not solid.any():
        return small.astype(np.uint8), 1.0
    return spread_labels(small.astype(np.uint8), solid), float((~solid).mean())


def _solid(values: np.ndarray, side: int) -> np.ndarray:
    """Pixels that lie in some square of one label, bool (H, W)."""
    square = np.ones((side, side), np.uint8)
    lowest = cv2.erode(values, square, borderType=cv2.BORDER_REPLICATE)
    highest = cv2.dilate(values, square, borderType=cv2.BORDER_REPLICATE)
    return cv2.dilate((lowest == highest).view(np.uint8), square).view(bool)


def _meetings(values: np.ndarray, solid: np.ndarray) -> int:
    """Solid neighbours in a column whose labels have another one between them."""
    apart = np.abs(values[1:] - values[:-1]) >= 2
    return int((apart & solid[1:] & solid[:-1]).sum())
