"""Regions of the face in the fixed texture space of the skin, whatever the face's shape.

The window holds the face, stored turned by 90 degrees: x grows down the face, y to its right. A
half outline is a list of (distance from the middle line, x) from the top to the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

WINDOW = (0.74, 1.0, 0.34, 0.695)
"""Low and high u, then low and high 1 - v."""
MIDDLE = 0.517
SCALE = 1300
"""Pixels per unit of texture space."""

NOSE = (
    (0, 0.8345), (0.0032, 0.8352), (0.0043, 0.8453), (0.0047, 0.8518), (0.0062, 0.8602),
    (0.0107, 0.8677), (0.0152, 0.871), (0.0176, 0.8751), (0.0184, 0.8792), (0.0163, 0.883),
    (0.0113, 0.8848), (0.0047, 0.8863), (0, 0.8862),
)  # fmt: skip
UPPER_LIP = (
    (0, 0.8985), (0.0025, 0.897), (0.0057, 0.8973), (0.0107, 0.8999), (0.0156, 0.9039),
    (0.0187, 0.9083), (0.0174, 0.9096), (0.0141, 0.9106), (0, 0.9106),
)  # fmt: skip
LOWER_LIP = (
    (0, 0.9075), (0.0085, 0.9076), (0.0159, 0.9083), (0.0182, 0.9095), (0.0159, 0.9117),
    (0.012, 0.9156), (0.0073, 0.9182), (0, 0.9203),
)  # fmt: skip
BEARD = (
    (0, 0.8885), (0.01, 0.8875), (0.021, 0.888), (0.029, 0.893), (0.04, 0.9), (0.06, 0.901),
    (0.085, 0.894), (0.104, 0.876), (0.112, 0.85), (0.118, 0.835), (0.128, 0.835), (0.128, 0.87),
    (0.15, 0.9), (0.16, 0.985), (0, 1.0),
)  # fmt: skip
GOATEE = (
    (0, 0.889), (0.01, 0.888), (0.021, 0.889), (0.028, 0.897), (0.03, 0.915), (0.028, 0.935),
    (0.022, 0.955), (0, 0.962),
)  # fmt: skip
MOUSTACHE = (
    (0, 0.8885), (0.01, 0.8875), (0.021, 0.8885), (0.029, 0.896), (0.031, 0.905), (0.024, 0.906),
    (0, 0.9),
)  # fmt: skip


@dataclass(frozen=True)
class SkinMap:
    """Images of the window, uint8 (H, W, 4) and float (H, W).

    regions: nose, upper lip, lower lip (signed distances, 127 = edge), height of wrinkles.
    paint: blush, eye shadow, freckles, eye socket. beards: density by name.
    """

    regions: np.ndarray
    paint: np.ndarray
    beards: dict[str, np.ndarray]


def draw_skin_map() -> SkinMap:
    """Draw all images; takes no assets."""
    lips = [_polygon(UPPER_LIP), _polygon(LOWER_LIP)]
    distances = [_signed_distance(mask) for mask in (_polygon(NOSE), *lips)]
    outside = 1 - cv2.dilate(np.maximum(*lips), np.ones((3, 3), np.uint8)) / 255
    full = cv2.GaussianBlur(_polygon(BEARD), (0, 0), 4.5) / 255
    small = cv2.GaussianBlur(_polygon(GOATEE), (0, 0), 2.5) / 255
    lip_beard = cv2.GaussianBlur(_polygon(MOUSTACHE), (0, 0), 1.5) / 255
    paint = [
        _spots(0.062, 0.872, 0.026, 0.016),
        _spots(0.0355, 0.8295, 0.017, 0.0062),
        np.maximum(_spots(0.045, 0.868, 0.03, 0.018), _spots(0, 0.868, 0.02, 0.02)),
        _spots(0.0355, 0.838, 0.026, 0.014),
    ]
    return SkinMap(
        np.dstack([*distances, _wrinkles()]),
        (np.clip(np.dstack(paint), 0, 1) * 255).astype(np.uint8),
        {
            "full beard": full * outside,
            "goatee": small * outside,
            "moustache": lip_beard * outside,
        },
    )


def window_pixels(uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, rows and which texture coordinates (..., 2) lie inside the window."""
    x = (uv[..., 0] - WINDOW[0]) * SCALE
    y = (1 - uv[..., 1] - WINDOW[2]) * SCALE
    height, width = _shape()
    inside = (x >= 0) & (x < width - 1) & (y >= 0) & (y < height - 1)
    return np.where(inside, x, 0).astype(int), np.where(inside, y, 0).astype(int), inside


def _wrinkles() -> np.ndarray:
    """Folds from nose to mouth, lines of the forehead, at the eyes and between the brows.

    127 = flat, lower = a furrow.
    """
    lines = [
        [(0.0195, 0.877), (0.027, 0.888), (0.0315, 0.9), (0.0315, 0.912)],
        [(0.021, 0.91), (0.0245, 0.918), (0.0255, 0.926)],
        [(0.022, 0.8535), (0.035, 0.859), (0.049, 0.856)],
        [(0.004, 0.824), (0.0045, 0.836)],
        *[[(0.055, 0.842 + k), (0.064, 0.842 + 2.2 * k)] for k in (-0.004, 0, 0.004)],
        *[[(0, x), (0.03, x - 0.002), (0.055, x + 0.004)] for x in (0.775, 0.787, 0.799)],
    ]
    height = np.zeros(_shape(), np.float32)
    for number, line in enumerate(lines):
        one = np.zeros(_shape(), np.float32)
        for side in (-1, 1):
            points = [((x - WINDOW[0]), MIDDLE + side * d - WINDOW[2]) for d, x in line]
            pixels = np.round(np.array(points) * SCALE * 16).astype(np.int32)
            cv2.polylines(one, [pixels], False, 1.0, 2, cv2.LINE_AA, 4)
        height += cv2.GaussianBlur(one, (0, 0), 3.2 if number == 0 else 1.8) * (
            1.3 if number == 0 else 0.8
        )
    return np.clip(127 - 110 * height, 0, 255).astype(np.uint8)


def _polygon(half: tuple[tuple[float, float], ...]) -> np.ndarray:
    outline = [(x, MIDDLE + d) for d, x in half] + [(x, MIDDLE - d) for d, x in half[::-1]]
    pixels = (np.array(outline) - (WINDOW[0], WINDOW[2])) * SCALE
    mask = np.zeros(_shape(), np.uint8)
    cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask


def _signed_distance(mask: np.ndarray, reach: float = 5) -> np.ndarray:
    inside = (mask > 127).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    distance -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.clip(127.5 + distance * (127 / reach), 0, 255).astype(np.uint8)


def _spots(distance: float, x: float, spread: float, spread_x: float) -> np.ndarray:
    rows, columns = np.mgrid[: _shape()[0], : _shape()[1]] / SCALE
    sides = [rows + WINDOW[2] - MIDDLE - side * distance for side in (-1, 1)]
    along = ((columns + WINDOW[0] - x) / spread_x) ** 2
    return np.maximum(*(np.exp(-((side / spread) ** 2 + along)) for side in sides))


def _shape() -> tuple[int, int]:
    return round((WINDOW[3] - WINDOW[2]) * SCALE), round((WINDOW[1] - WINDOW[0]) * SCALE)
