"""An edited crop back into its photograph."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.photo.crop import Crop
from facemogle.runs.area import Area

MIXED = 2
"""Pixels of the crop around what changed that resampling mixes with it: they are new, too."""
FEATHER = 0.06
"""Width of the soft edge of what is pasted, in sides of the crop."""


def paste(photo: np.ndarray, before: np.ndarray, after: np.ndarray, crop: Crop) -> np.ndarray:
    """The photograph with what was changed in its crop.

    What did not change keeps the photograph's very pixels, and all of their detail. What did is
    feathered, and matched to the photograph's colours there.

    photo: uint8 (H, W, 3). before, after: the crop, uint8 (S, S, 3) of any S, and what became of
    it. crop: where it lies in the photograph. Returns uint8 (H, W, 3).
    """
    changed = (before != after).any(2)
    if not changed.any():
        return photo.copy()
    crop = crop.resized(len(after))
    height, width = photo.shape[:2]
    low, high = np.floor(crop.corners.min(0)) - 2, np.ceil(crop.corners.max(0)) + 2
    left, top = (int(value) for value in np.maximum(low, 0))
    right, bottom = (int(value) for value in np.minimum(high, (width, height)))
    box = left, top, right, bottom
    share = _share(changed, crop, box)
    patch = crop.spread(after, box, cv2.BORDER_REPLICATE)
    result = photo.copy()
    result[top:bottom, left:right] = Area(share).paste(photo[top:bottom, left:right], patch)
    return result


def _share(changed: np.ndarray, crop: Crop, box: tuple[int, int, int, int]) -> np.ndarray:
    """How much of the new is shown, float32 of the box's size; 0 beyond the crop."""
    feather = FEATHER * crop.side
    away = cv2.distanceTransform((~changed).view(np.uint8), cv2.DIST_L2, 5)
    near = np.clip(1 - (away - MIXED) / feather, 0, 1).astype(np.float32)
    share = crop.spread(near, box, cv2.BORDER_REPLICATE)
    # Where the photograph goes on beyond the crop, the new fades out; at its own border it stays.
    whole = np.zeros(share.shape, np.uint8)
    corners = crop.corners - box[:2] - 0.5  # between pixels' centres
    cv2.fillConvexPoly(whole, np.rint(corners * 16).astype(np.int32), 1, shift=4)
    if whole.all():
        return share
    inwards = cv2.distanceTransform(whole, cv2.DIST_L2, 5)
    return share * np.clip(inwards / (feather * crop.scale), 0, 1)
