"""Draw the template faces of the page: ``python assets/templates/draw_templates.py``.

Shapes are given for the right half of the picture, as points (distance from the middle line, y),
and mirrored. Sides are the person's own, so the right half of the picture has the left eye.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1]))

from facemogle.label_map import index_png  # noqa: E402
from facemogle.regions import REGIONS  # noqa: E402

SIZE = 512
MIDDLE = np.array([256, 0])
REGION = {region.name: region for region in REGIONS}

Half = list[tuple[float, float]]

FACE: Half = [
    (0, 100), (58, 106), (104, 134), (130, 188), (137, 250), (131, 318), (112, 378), (78, 424),
    (38, 448), (0, 453),
]  # fmt: skip
NECK: Half = [(0, 380), (84, 392), (85, 446), (96, 474), (132, 506), (150, 540), (0, 560)]
EAR: Half = [(128, 246), (140, 230), (155, 234), (160, 256), (154, 296), (143, 330), (130, 336)]
EYE: Half = [(37, 247), (48, 239), (64, 235), (79, 239), (87, 246), (74, 253), (58, 255), (45, 252)]
BROW: Half = [(26, 222), (30, 212), (62, 203), (92, 206), (108, 218), (90, 213), (62, 212)]
NOSE: Half = [
    (0, 228), (13, 230), (15, 262), (22, 296), (38, 320), (40, 338), (26, 345), (12, 347), (0, 352),
]  # fmt: skip
UPPER_LIP: Half = [(0, 375), (12, 370), (30, 376), (48, 389), (28, 389), (0, 390)]
LOWER_LIP: Half = [(0, 388), (28, 388), (48, 389), (34, 404), (16, 412), (0, 413)]

SHIRT: Half = [
    (0, 508), (50, 501), (86, 482), (112, 474), (190, 484), (240, 500), (300, 560), (0, 560),
]  # fmt: skip
COLLAR: Half = [
    (0, 548), (44, 528), (84, 478), (98, 462), (126, 456), (206, 478), (300, 520), (0, 620),
]  # fmt: skip

LONG_HAIR: Half = [
    (0, 8), (48, 14), (98, 38), (140, 88), (163, 154), (174, 230), (186, 330), (206, 430),
    (216, 560), (0, 600),
]  # fmt: skip
LONG_HAIR_SIDE: Half = [
    (0, 12), (48, 18), (96, 42), (138, 90), (161, 154), (172, 230), (184, 330), (206, 430),
    (216, 560), (112, 560), (104, 474), (110, 400), (127, 330), (129, 250), (112, 178), (70, 132),
    (0, 116),
]  # fmt: skip
SHORT_HAIR: Half = [
    (0, 18), (50, 23), (98, 46), (134, 92), (148, 150), (148, 206), (140, 240), (0, 300),
]  # fmt: skip
SHORT_HAIR_FRONT: Half = [
    (0, 20), (50, 25), (98, 48), (134, 94), (148, 150), (147, 206), (141, 240), (135, 258),
    (131, 216), (114, 168), (86, 138), (44, 132), (0, 138),
]  # fmt: skip


def smooth(points: np.ndarray, per_span: int = 24) -> np.ndarray:
    """Close a curve through the points (Catmull-Rom). (P, 2) -> (P * per_span, 2)."""
    before, after, beyond = (np.roll(points, shift, axis=0) for shift in (1, -1, -2))
    u = np.linspace(0, 1, per_span, endpoint=False)[:, None, None]  # (per_span, 1, 1)
    curve = 0.5 * (
        2 * points
        + (after - before) * u
        + (2 * before - 5 * points + 4 * after - beyond) * u**2
        + (3 * points - before - 3 * after + beyond) * u**3
    )
    return curve.transpose(1, 0, 2).reshape(-1, 2)


def fill(label_map: np.ndarray, points: np.ndarray, label: int) -> None:
    """Fill a smooth closed curve with a label; no softened edges."""
    cv2.fillPoly(label_map, [np.rint(smooth(points)).astype(np.int32)], label, lineType=cv2.LINE_8)


def draw_pair(label_map: np.ndarray, half: Half, name: str) -> None:
    """Draw a shape at the picture's right, and its partner at the left."""
    points = np.array(half, float)
    fill(label_map, points + MIDDLE, REGION[name].index)
    fill(label_map, points * (-1, 1) + MIDDLE, REGION[name].mirror)


def draw_whole(label_map: np.ndarray, half: Half, name: str) -> None:
    """Draw a shape that crosses the middle line."""
    right = np.array(half, float)
    left = right[(right[:, 0] > 0)][::-1] * (-1, 1)
    fill(label_map, np.concatenate([right, left]) + MIDDLE, REGION[name].index)


def draw_features(label_map: np.ndarray) -> None:
    """Draw what all faces have the same: brows, eyes, nose, lips."""
    draw_pair(label_map, BROW, "l_brow")
    draw_pair(label_map, EYE, "l_eye")
    draw_whole(label_map, NOSE, "nose")
    draw_whole(label_map, LOWER_LIP, "l_lip")
    draw_whole(label_map, UPPER_LIP, "u_lip")


def long_hair() -> np.ndarray:
    """A face between long hair, which hides the ears. uint8 (512, 512)."""
    label_map = np.zeros((SIZE, SIZE), np.uint8)
    draw_whole(label_map, LONG_HAIR, "hair")
    draw_whole(label_map, NECK, "neck")
    draw_whole(label_map, SHIRT, "cloth")
    draw_whole(label_map, FACE, "skin")
    draw_whole(label_map, LONG_HAIR_SIDE, "hair")
    draw_features(label_map)
    return label_map


def short_hair() -> np.ndarray:
    """A face with short hair, both ears and an open collar. uint8 (512, 512)."""
    label_map = np.zeros((SIZE, SIZE), np.uint8)
    draw_whole(label_map, SHORT_HAIR, "hair")
    draw_pair(label_map, EAR, "l_ear")
    draw_whole(label_map, NECK, "neck")
    draw_whole(label_map, COLLAR, "cloth")
    draw_whole(label_map, FACE, "skin")
    draw_whole(label_map, SHORT_HAIR_FRONT, "hair")
    draw_features(label_map)
    return label_map


if __name__ == "__main__":
    for name, label_map in (("long_hair", long_hair()), ("short_hair", short_hair())):
        (FOLDER / f"{name}.png").write_bytes(index_png(label_map))
