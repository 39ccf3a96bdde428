"""Where faces are in a photograph: boxes and key points, the largest face first.

The detector is BlazeFace (arXiv 1907.05047). It looks at 128x128 pixels, so beside the whole
photograph it is shown overlapping parts of it, in which a small face is large enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from facemogle.photo.nets import Net

SIDE = 128
LEAST_SCORE = 0.5
MOST_OVERLAP = 0.3
"""Intersection over union from which two boxes are of one face."""

GRIDS = ((16, 2), (8, 6))
"""Cells a side, and anchors a cell, of the detector's two scales."""

PARTS = (1, 2, 3)
"""The photograph is looked at in 1, then 2x2, then 3x3 parts."""
PART_OVERLAP = 0.5
"""How much larger a part is than a cell of its grid, so that no face is cut by all of them."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face that was found, in pixels of the image.

    box: left, top, right, bottom. score: in [0, 1].
    points: float (6, 2), x and y: the person's right eye, left eye, nose, mouth, right ear, left
        ear.
    """

    box: tuple[float, float, float, float]
    points: np.ndarray
    score: float

    @property
    def area(self) -> float:
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


class FaceFinder:
    """Finds faces in images."""

    def __init__(self) -> None:
        self._net = Net("face_detection_short_range", "classificators", "regressors")
        self._anchors = _anchors()

    def find(self, image: np.ndarray) -> list[Face]:
        """All faces of an image, uint8 (H, W, 3), the largest first."""
        found = [face for part in _parts(image.shape[:2]) for face in self._in_part(image, part)]
        found.sort(key=lambda face: -face.score)
        kept: list[Face] = []
        for face in found:
            if all(_overlap(face.box, other.box) < MOST_OVERLAP for other in kept):
                kept.append(face)
        return sorted(kept, key=lambda face: -face.area)

    def _in_part(self, image: np.ndarray, part: tuple[int, int, int, int]) -> list[Face]:
        """Faces in the part (top, left, height, width) of an image, in the image's pixels."""
        top, left, height, width = part
        scale = SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(
            image[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA
        )
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        over, beside = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
        square[over : over + size[1], beside : beside + size[0]] = small
        logits, offsets = self._net(square.astype(np.float32) / 127.5 - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -50, 50)))
        good = scores > LEAST_SCORE
        pairs = offsets.reshape(len(scores), 8, 2)[good]  # centre, size, 6 points
        anchors = self._anchors[good] * SIDE - (beside, over)
        centre, extent = (anchors + pairs[:, 0]) / scale, pairs[:, 1] / scale
        points = (anchors[:, None] + pairs[:, 2:]) / scale + (left, top)
        corners = np.hstack([centre - extent / 2, centre + extent / 2])
        corners += np.array([left, top, left, top])
        return [
            Face((box[0], box[1], box[2], box[3]), where, float(score))
            for box, where, score in zip(corners.tolist(), points, scores[good], strict=True)
        ]


def _parts(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """What is looked at of an image of (height, width): top, left, height, width of each part."""
    for count in PARTS:
        spans = []
        for length in size:
            part = length if count == 1 else round(length / count * (1 + PART_OVERLAP))
            starts = np.linspace(0, length - part, count).round().astype(int).tolist()
            spans.append([(start, part) for start in starts])
        for top, height in spans[0]:
            for left, width in spans[1]:
                if min(height, width) >= SIDE // 2 or count == 1:
                    yield top, left, height, width


def _anchors() -> np.ndarray:
    """Centres of the detector's anchors, float (896, 2), x and y in [0, 1]."""
    all_centres = []
    for cells, count in GRIDS:
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells
        all_centres.append(centres.repeat(count, axis=0))
    return np.concatenate(all_centres)


Box = tuple[float, float, float, float]


def _overlap(one: Box, other: Box) -> float:
    """Intersection over the smaller box: of a face, a part may show a piece only."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / smaller
