"""The 468 points of a face, and whether there is one at all.

The model (arXiv 1907.06724) looks at an upright square around the face.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.photo.crop import Crop
from facemogle.photo.faces import Face
from facemogle.photo.nets import Net

SIDE = 192
LEAST_PRESENCE = 0.8
AROUND = 1.5
"""Side of the square that the model looks at, in sides of the face's box."""

RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263


class FaceMesh:
    """Puts points on faces."""

    def __init__(self) -> None:
        self._net = Net("face_landmark", "conv2d_21", "conv2d_31")

    def points(self, image: np.ndarray, face: Face) -> np.ndarray | None:
        """The mesh of a face, float (468, 2), x and y in pixels of the image, or None: no face.

        image: uint8 (H, W, 3).
        """
        left, top, right, bottom = face.box
        centre = np.array([left + right, top + bottom]) / 2
        side = max(right - left, bottom - top) * AROUND
        found, presence = self._look(image, centre, side, face.points[1] - face.points[0])
        if presence < LEAST_PRESENCE:
            return None
        # Once more, where the face turned out to be: the detector's box is a rough one.
        low, high = found.min(0), found.max(0)
        across = found[LEFT_EYE_CORNER] - found[RIGHT_EYE_CORNER]
        found, presence = self._look(image, (low + high) / 2, max(high - low) * AROUND, across)
        return found if presence >= LEAST_PRESENCE else None

    def _look(
        self, image: np.ndarray, centre: np.ndarray, side: float, across: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Points, and how likely there is a face, in a square whose x axis is ``across``."""
        square = Crop.around(centre, across / np.linalg.norm(across) * side / 2, SIDE)
        seen = square.cut(image, cv2.BORDER_CONSTANT).astype(np.float32) / 255
        points, presence = self._net(seen)
        where = square.to_image(points.reshape(-1, 3)[:, :2].astype(float))
        return where, float(1 / (1 + np.exp(-presence.item())))
