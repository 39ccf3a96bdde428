"""Take regions out of a label map, so that nobody is told of them."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np

from facemogle.masks.label_map import MaskError, titles


def hidden(label_map: np.ndarray, regions: Collection[int]) -> np.ndarray:
    """The label map with these regions' places given to their neighbours.

    Each pixel of theirs gets the label of the nearest pixel that keeps its own, so that no outline
    of theirs is left: to black out a region's own mask image hides little, since the images of the
    others tell where it was.
    label_map: uint8 (H, W). regions: labels 0..18; those that it lacks change nothing.
    Raises MaskError if no other region is there.
    """
    gone = np.isin(label_map, list(regions))
    if not gone.any():
        return label_map
    if gone.all():
        raise MaskError(
            f"Nothing is left of a mask that has only {titles(sorted(regions))}. Leave one of its "
            "regions, or give no mask at all."
        )
    _, nearest = cv2.distanceTransformWithLabels(
        gone.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.asarray(nearest, np.intp)
    labels = np.zeros(nearest.max() + 1, np.uint8)
    labels[nearest[~gone]] = label_map[~gone]
    return labels[nearest]
