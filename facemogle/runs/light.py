"""The light of what is new in an image, matched to that of its surroundings."""

from __future__ import annotations

import cv2
import numpy as np

_MARGINS_PER_SIDE = 16
_NOTHING_SEEN = 0.1  # share of a window: with less of the edge in it, an offset fades out


def spread_offset(difference: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A smooth offset, float32 (H, W, 3), that is `difference` in the feathered edge of `share`.

    About a margin from there it ends. difference: float32 (H, W, 3). share: float32 (H, W) in
    [0, 1].
    """
    edge = ((share > 0) & (share < 1)).astype(np.float32)
    result = np.zeros_like(difference)
    reach = min(edge.shape) // _MARGINS_PER_SIDE
    while edge.any() and reach >= 2:  # from the coarse to the fine
        window = (4 * reach + 1, 4 * reach + 1)
        seen = cv2.stackBlur(edge, window)[..., None]
        rest = cv2.stackBlur((difference - result) * edge[..., None], window)
        result += rest / np.maximum(seen, _NOTHING_SEEN)
        reach //= 2
    return result
