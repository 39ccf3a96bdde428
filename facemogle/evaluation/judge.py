"""A judge from outside: models of photographs that know nothing of this repository's renders."""

from __future__ import annotations

import numpy as np

from facemogle.evaluation.report import Section
from facemogle.photo.faces import FaceFinder
from facemogle.photo.mesh import LEFT_EYE_CORNER, RIGHT_EYE_CORNER, FaceMesh

POINTS = 468
NOTE = (
    "Mean distance of the judge's 468 points to those in the render, over the distance of the "
    "render's outer eye corners. A face that the judge does not find counts as infinitely far."
)


class Judge:
    """Finds a face, and puts a mesh of points on it; see ``checkpoints/landmarks/README.md``."""

    def __init__(self) -> None:
        self._finder, self._mesh = FaceFinder(), FaceMesh()

    def mesh(self, image: np.ndarray) -> np.ndarray:
        """Points of the largest face of an image, uint8 (H, W, 3): float (468, 2), in pixels; NaN
        if there is none.
        """
        for face in self._finder.find(image):
            points = self._mesh.points(image, face)
            if points is not None:
                return points
        return np.full((POINTS, 2), np.nan)


def mesh_errors(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Distances of meshes (n, 468, 2) to those of the renders: float (m,), one for each render in
    which the judge finds a face; infinite where it finds none in the generated image.
    """
    known = ~np.isnan(real).any((1, 2))
    made, real = made[known], real[known]
    across = np.linalg.norm(real[:, LEFT_EYE_CORNER] - real[:, RIGHT_EYE_CORNER], axis=1)
    errors = np.linalg.norm(made - real, axis=2).mean(1) / across
    return np.where(np.isnan(errors), np.inf, errors)


def outside_judge(made: np.ndarray, real: np.ndarray) -> Section:
    """How far the generated faces' features lie from where the renders have them."""
    errors = mesh_errors(made, real)
    low, median, high = (
        # An order statistic: halfway to an infinite one would be no number.
        float(np.quantile(errors, share, method="inverted_cdf")) if errors.size else None
        for share in (0.25, 0.5, 0.75)
    )
    found = float(np.isfinite(errors).mean()) if errors.size else None
    columns = ("faces", "found", "median", "lower quarter", "upper quarter")
    rows = [("distance to the render", (len(errors), found, median, low, high))]
    return Section("mesh points of an outside judge", columns, rows, NOTE)
