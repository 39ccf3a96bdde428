"""How far two label maps agree: intersection over union, region by region."""

from __future__ import annotations

import numpy as np

from facemogle.masks.regions import NUM_REGIONS


def confusion_matrix(truth: np.ndarray, reading: np.ndarray) -> np.ndarray:
    """Count pixels by their label in the truth (row) and in the reading (column).

    truth, reading: uint8 of one shape, any. Returns int64 (19, 19); matrices of several images
    may be added, so that every pixel of a data set counts the same.
    """
    pairs = truth.astype(np.int64) * NUM_REGIONS + reading
    return np.bincount(pairs.ravel(), minlength=NUM_REGIONS**2).reshape(NUM_REGIONS, NUM_REGIONS)


def region_iou(matrix: np.ndarray) -> np.ndarray:
    """Intersection over union of each region, float (19,) in [0, 1]; NaN where neither has it."""
    both = np.diag(matrix).astype(float)
    either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    return np.divide(both, either, out=np.full(len(matrix), np.nan), where=either > 0)


def mean_iou(matrix: np.ndarray) -> float:
    """Mean of ``region_iou`` over the regions that occur (mIoU), in [0, 1]."""
    return float(np.nanmean(region_iou(matrix)))
