"""An edited crop back into its photograph."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.photo.crop import Crop
from facemogle.runs.light import spread_offset

MIXED = 2
"""Pixels of the crop around what changed that resampling mixes with it: they are new, too."""
FEATHER = 0.06
"""Width of the soft edge of what is pasted, in sides of the crop."""
STRIP = 2**21
"""Pixels of a photograph that are pasted at a time: as floats, all of it would be gigabytes."""


def paste(photo: np.ndarray, before: np.ndarray, after: np.ndarray, crop: Crop) -> np.ndarray:
    """A copy of the photograph, uint8 (H, W, 3), with what was changed: see `paste_into`."""
    result = photo.copy()
    paste_into(result, before, after, crop)
    return result


def paste_into(photo: np.ndarray, before: np.ndarray, after: np.ndarray, crop: Crop) -> None:
    """Put what was changed in a photograph's crop into the photograph itself.

    What did not change keeps the photograph's very pixels, and all of their detail. What did is
    feathered, and matched to the photograph's colours there.

    photo: uint8 (H, W, 3), which is written to. before, after: the crop, uint8 (S, S, 3) of any S,
    and what became of it. crop: where it lies in the photograph.
    """
    changed = (before != after).any(2)
    if not changed.any():
        return
    height, width = photo.shape[:2]
    margin = round(FEATHER * len(after)) + MIXED
    crop = crop.resized(len(after)).moved(-margin, -margin, len(after) + 2 * margin)
    share = _share(changed, margin, crop.inside((height, width)))
    old, new = (_padded(image, margin) for image in (before, after))
    offset = spread_offset(old.astype(np.float32) - new, share)
    left, top, right, bottom = _box(share > 0, crop, (height, width))
    rows = max(1, STRIP // max(1, right - left))
    for start in range(top, bottom, rows):
        box = left, start, right, min(start + rows, bottom)
        strip = photo[box[1] : box[3], left:right]
        much = crop.spread(share, box, cv2.BORDER_CONSTANT)[..., None]
        patch = crop.spread(new, box, cv2.BORDER_REPLICATE)
        light = crop.spread(offset, box, cv2.BORDER_REPLICATE)
        mixed = np.clip(much * (patch + light) + (1 - much) * strip, 0, 255)
        np.copyto(strip, np.rint(mixed).astype(np.uint8), where=much > 0)


def _share(changed: np.ndarray, margin: int, inside: np.ndarray) -> np.ndarray:
    """How much of the new is shown: float32 (S + 2 margin, S + 2 margin), 0 beyond the crop.

    changed: bool (S, S). inside: which of the padded crop's pixels lie in the photograph.
    """
    feather = FEATHER * len(changed)
    away = cv2.distanceTransform((~changed).view(np.uint8), cv2.DIST_L2, 5)
    near = _padded(np.clip(1 - (away - MIXED) / feather, 0, 1).astype(np.float32), margin)
    # Where the photograph goes on beyond the crop, the new fades out; at its own border it stays.
    is_shown = ~inside
    is_shown[margin:-margin, margin:-margin] = True
    if is_shown.all():
        return near
    inwards = cv2.distanceTransform(is_shown.view(np.uint8), cv2.DIST_L2, 5)
    return near * np.clip(inwards / feather, 0, 1)


def _padded(image: np.ndarray, margin: int) -> np.ndarray:
    return cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)


def _box(area: np.ndarray, crop: Crop, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where an area of a crop lies in an image of (height, width): left, top, right, bottom."""
    rows, columns = (np.flatnonzero(area.any(axis)) for axis in (1, 0))
    corners = np.array([(x, y) for x in columns[[0, -1]] for y in rows[[0, -1]]]) + 0.5
    reach, around = crop.to_image(corners), 2 * max(1, crop.scale)
    low = np.maximum(np.floor(reach.min(0) - around), 0)
    high = np.minimum(np.ceil(reach.max(0) + around), size[::-1])
    left, top, right, bottom = (int(value) for value in (*low, *high))
    return left, top, max(left, right), max(top, bottom)
