"""A detector of generated faces, such as NPR or Wavelet-CLIP, by a function of its user's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
from scipy.stats import rankdata

Scores = Callable[[np.ndarray], np.ndarray]


class Detector:
    """Asks a detector about generated and true images.

    place: "module:callable", importable from where the command runs. The callable takes images
    uint8 (B, H, W, 3) and returns scores (B,), the higher, the surer it is that they are
    generated. Raises ValueError if there is none.
    """

    def __init__(self, place: str) -> None:
        module, _, name = place.partition(":")
        try:
            self._detect: Scores = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"The detector {place!r} cannot be loaded ({error}). Name it module:callable, and "
                "start the command where the module can be imported."
            ) from error
        self.title = f"detector {place}"
        self._made: list[np.ndarray] = []
        self._real: list[np.ndarray] = []

    def add(self, made: np.ndarray, real: np.ndarray) -> None:
        """Take n images, uint8 (n, H, W, 3) both. Raises ValueError for unusable scores."""
        for images, scores in ((made, self._made), (real, self._real)):
            found = np.asarray(self._detect(images), dtype=float)
            if found.shape != (len(images),) or not np.isfinite(found).all():
                raise ValueError(
                    f"The {self.title} returned scores of the shape {found.shape} for "
                    f"{len(images)} images: it must return one finite number for each."
                )
            scores.append(found)

    def values(self) -> tuple[float, float, float]:
        """Mean scores of generated and of true images, and the area under the ROC curve."""
        made, real = np.concatenate(self._made), np.concatenate(self._real)
        return float(made.mean()), float(real.mean()), area_under_curve(made, real)


def area_under_curve(made: np.ndarray, real: np.ndarray) -> float:
    """Share of pairs in which the generated image scores higher; an equal score is half a one."""
    ranks = rankdata(np.concatenate([made, real]))[: len(made)]
    return float((ranks.sum() - len(made) * (len(made) + 1) / 2) / (len(made) * len(real)))
