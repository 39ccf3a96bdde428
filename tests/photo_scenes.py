"""Made-up photographs: rendered heads of this repository, set into scenes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ASSETS = Path(__file__).parents[1] / "assets"
SIDE = 256


def head(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rendered head n of 64 and its label map: uint8 (256, 256, 3) and (256, 256)."""
    top, left = n // 8 * SIDE, n % 8 * SIDE
    box = slice(top, top + SIDE), slice(left, left + SIDE)
    image = np.asarray(Image.open(ASSETS / "rendered_faces.jpg"))[box]
    return image, np.asarray(Image.open(ASSETS / "rendered_labels.png"))[box]


def room(size: tuple[int, int]) -> np.ndarray:
    """A room of (height, width) without anybody: wall, floor, table, lamp."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wall = 150 + 30 * np.sin(x / 37) * (y < 0.7 * height)
    image = np.stack([wall, wall * 0.95, wall * 0.8], -1)
    image[int(0.7 * height) :] = (110, 80, 55)
    image = np.ascontiguousarray(image.clip(0, 255).astype(np.uint8))
    corner, far = (width // 8, int(0.6 * height)), (width // 3, int(0.95 * height))
    cv2.rectangle(image, corner, far, (70, 45, 30), -1)
    cv2.circle(image, (7 * width // 8, height // 6), height // 12, (250, 240, 200), -1)
    return image


def put(
    scene: np.ndarray, n: int, centre: tuple[float, float], side: float, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """The scene with head n in it, cut out along its labels, and the labels in the scene.

    centre: x and y. side: of the head's square, in pixels. angle: in degrees.
    """
    return put_face(scene, head(n), centre, side, angle)


def put_face(
    scene: np.ndarray,
    face: tuple[np.ndarray, np.ndarray],
    centre: tuple[float, float],
    side: float,
    angle: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The same with any rendered head and its label map, uint8 (S, S, 3) and (S, S)."""
    image, labels = face
    own = len(labels)
    matrix = cv2.getRotationMatrix2D((own / 2, own / 2), angle, side / own)
    matrix[:, 2] += np.array(centre) - own / 2
    size = scene.shape[1::-1]
    truth = cv2.warpAffine(labels, matrix, size, flags=cv2.INTER_NEAREST)
    share = cv2.warpAffine((labels > 0).astype(np.float32), matrix, size)[..., None]
    moved = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.rint(share * moved + (1 - share) * scene).astype(np.uint8), truth
