"""Realism: how the generated faces as a set differ from renders, in the parser's features."""

from __future__ import annotations

import numpy as np

from facemogle.evaluation.distances import NEIGHBOURS, frechet_distance, precision_recall
from facemogle.evaluation.report import Section


def realism(made: np.ndarray, real: np.ndarray, other: np.ndarray | None) -> Section:
    """Frechet distance, precision and recall.

    made, real: features of the generated faces and of the renders of the same masks. other: of
    other renders, as many; None = two halves are compared instead: the second one of the renders
    with the first one of the generated faces, and with the first one of the renders.
    """
    rows = [(f"generated, {len(made)} and {len(real)} faces", _compared(real, made))]
    if other is not None:
        rows += [
            (f"generated, other masks, {len(other)} and {len(made)}", _compared(other, made)),
            (f"renders, other masks, {len(other)} and {len(real)}", _compared(other, real)),
        ]
    elif len(real) > 2 * NEIGHBOURS + 1:
        half = len(real) // 2
        rows += [
            (f"generated, other masks, {half} and {half}", _compared(real[half:], made[:half])),
            (f"renders, other masks, {half} and {half}", _compared(real[half:], real[:half])),
        ]
    return Section(
        "realism, in the parser's features",
        ("Frechet distance", "precision", "recall"),
        rows,
        "The last line is the floor: what other renders reach.",
    )


def _compared(real: np.ndarray, made: np.ndarray) -> tuple[float, float, float]:
    return frechet_distance(real, made), *precision_recall(real, made)
