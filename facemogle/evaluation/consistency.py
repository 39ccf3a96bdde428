"""Mask consistency: does the parser find in an image the regions that the mask asked for?"""

from __future__ import annotations

import numpy as np

from facemogle.evaluation.report import Section, ratio
from facemogle.masks.iou import region_iou
from facemogle.masks.regions import REGIONS


def consistency(made: np.ndarray, real: np.ndarray) -> Section:
    """IoU of given label maps and readings, of made images beside the renders.

    made, real: confusion matrices, int64 (19, 19). The parser errs on renders too, so that the
    ratio tells more than the IoU.
    """
    pairs = [("mean of the regions", mean_of_given(made), mean_of_given(real))]
    found = zip(REGIONS, region_iou(made), region_iou(real), strict=True)
    pairs += [(region.title.lower(), float(m), float(r)) for region, m, r in found]
    rows = [(name, (m, r, ratio(m, r))) for name, m, r in pairs]
    return Section("mask consistency, IoU", ("generated", "renders", "ratio"), rows)


def mean_of_given(matrix: np.ndarray) -> float:
    """Mean IoU over the regions that the given label maps have, in [0, 1].

    matrix: int64 (19, 19). So two sets of images are compared over the same regions, though one
    of them may show a hat that nobody asked for.
    """
    return float(region_iou(matrix)[matrix.sum(axis=1) > 0].mean())
