"""The upright square that CelebA-HQ would cut out around a face, and the way back from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

PER_EYES, PER_FACE = 2.0, 1.8
"""Half a side of the square: in distances between the eyes, and from the eyes to the mouth."""
LOWER = 0.1
"""How far below the eyes its centre lies, in distances from the eyes to the mouth."""

_STRIP = 2**22  # pixels that are sampled at a time


@dataclass(frozen=True, eq=False)
class Crop:
    """A square in an image, turned and scaled to ``side`` x ``side`` pixels.

    matrix: float (2, 3), from pixels (x, y) of the crop to pixels of the image; a similarity.
    """

    matrix: np.ndarray
    side: int

    @classmethod
    def around(cls, centre: np.ndarray, half: np.ndarray, side: int) -> Crop:
        """A square by its centre and the vector from there to the middle of its right edge."""
        axes = np.stack([half, (-half[1], half[0])], axis=1) * 2 / side
        start = centre - axes @ (side / 2, side / 2)
        return cls(np.hstack([axes, start[:, None]]), side)

    @classmethod
    def of_face(
        cls, right_eye: np.ndarray, left_eye: np.ndarray, mouth: np.ndarray, side: int
    ) -> Crop:
        """The square of CelebA-HQ (arXiv 1710.10196, appendix C).

        right_eye, left_eye: centres of the person's eyes. mouth: middle of its corners. All (2,).
        """
        eyes = (right_eye + left_eye) / 2
        across, down = left_eye - right_eye, mouth - eyes
        axis = across + np.array([down[1], -down[0]])
        half = max(np.linalg.norm(across) * PER_EYES, np.linalg.norm(down) * PER_FACE)
        return cls.around(eyes + LOWER * down, axis / np.linalg.norm(axis) * half, side)

    @classmethod
    def whole(cls, size: tuple[int, int], side: int) -> Crop:
        """The smallest square around an image of (height, width)."""
        half = max(size) / 2
        return cls.around(np.array(size[::-1]) / 2, np.array([half, 0.0]), side)

    @classmethod
    def middle(cls, size: tuple[int, int], side: int) -> Crop:
        """The largest square in the middle of an image of (height, width)."""
        half = min(size) / 2
        return cls.around(np.array(size[::-1]) / 2, np.array([half, 0.0]), side)

    @property
    def scale(self) -> float:
        """Pixels of the image per pixel of the crop."""
        return float(np.hypot(*self.matrix[:, 0]))

    @property
    def corners(self) -> np.ndarray:
        """Of the square in the image, float (4, 2), clockwise from its upper left."""
        return self.to_image(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float) * self.side)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Where points (N, 2) of the crop lie in the image."""
        return points @ self.matrix[:, :2].T + self.matrix[:, 2]

    def from_image(self, points: np.ndarray) -> np.ndarray:
        """Where points (N, 2) of the image lie in the crop."""
        return (points - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T

    def enlarged(self, factor: float) -> Crop:
        """The same square in the same image of ``factor`` times as many pixels a side."""
        return Crop(self.matrix * factor, self.side)

    def moved(self, x: float, y: float, side: int | None = None) -> Crop:
        """A square of as large pixels that starts at a point of this one. side: None = the same."""
        axes = self.matrix[:, :2]
        start = self.matrix[:, 2] + axes @ (x, y)
        return Crop(np.hstack([axes, start[:, None]]), self.side if side is None else side)

    def resized(self, side: int) -> Crop:
        """The same square in another number of pixels."""
        axes = self.matrix[:, :2] * self.side / side
        return Crop(np.hstack([axes, self.matrix[:, 2:]]), side)

    def cut(self, image: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        """The square's pixels, uint8 (side, side, 3). image: uint8 (H, W, 3).

        border: of OpenCV, what lies beyond the image.
        """
        step = max(1, int(self.scale))  # samples a pixel: a smaller image must not alias
        fine = self.resized(self.side * step)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        rows = max(1, _STRIP // (fine.side * step))
        result = np.empty((self.side, self.side, 3), np.uint8)
        for top in range(0, self.side, rows):  # all samples together would be a large image
            count = min(rows, self.side - top)
            matrix = _sampled(fine.moved(0, top * step).matrix)
            size = (fine.side, count * step)
            large = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=border)
            small = (self.side, count)
            result[top : top + count] = cv2.resize(large, small, interpolation=cv2.INTER_AREA)
        return result

    def cut_labels(self, label_map: np.ndarray) -> np.ndarray:
        """The square's labels, uint8 (side, side); beyond the image, the nearest in it."""
        return cv2.warpAffine(
            label_map,
            _sampled(self.matrix),
            (self.side, self.side),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def spread(self, image: np.ndarray, box: tuple[int, int, int, int], border: int) -> np.ndarray:
        """The way back: an image of the crop as it lies in a part of the whole image.

        image: (side, side) or (side, side, C). box: left, top, right, bottom of the part.
        border: of OpenCV, what lies beyond the crop.
        """
        left, top, right, bottom = box
        moved = Crop(self.matrix - [[0, 0, left], [0, 0, top]], self.side)
        small = round(self.side * self.scale)
        if small < self.side:  # a smaller image must not alias
            image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
            moved = moved.resized(small)
        size = (right - left, bottom - top)
        matrix = _sampled(moved.matrix)
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)

    def spread_labels(self, label_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The crop's labels in an image of (height, width), uint8; around it, background."""
        matrix, flags = _sampled(self.matrix), cv2.INTER_NEAREST
        return cv2.warpAffine(label_map, matrix, size[::-1], flags=flags)

    def inside(self, size: tuple[int, int]) -> np.ndarray:
        """Which of the crop's pixels lie in an image of (height, width): bool (side, side)."""
        y, x = np.mgrid[: self.side, : self.side] + 0.5
        where = self.to_image(np.stack([x, y], -1).reshape(-1, 2))
        good = (where >= 0).all(1) & (where <= size[::-1]).all(1)
        return good.reshape(self.side, self.side)


def _sampled(matrix: np.ndarray) -> np.ndarray:
    """A matrix between points as one between pixels' indices, whose centres lie at + 0.5."""
    return np.hstack([matrix[:, :2], matrix[:, 2:] + matrix[:, :2].sum(1, keepdims=True) / 2 - 0.5])
