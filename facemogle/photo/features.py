"""The face itself from its mesh: eyes, brows, nose, lips, mouth and outline as polygons.

The numbers are the mesh's own; those of the person's left half are listed with their right
partners, from the nose outwards or from above.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.regions import REGIONS

NUMBER = {region.name: region.index for region in REGIONS}

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
R_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
L_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
R_BROW = (46, 70, 63, 105, 66, 107, 55, 65, 52, 53)
L_BROW = (276, 300, 293, 334, 296, 336, 285, 295, 282, 283)
NOSE = (
    6, 122, 196, 236, 198, 209, 129, 98, 97, 2, 326, 327, 358, 429, 420, 456, 419, 351,
)  # fmt: skip
OUTER_TOP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_BOTTOM = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
INNER_TOP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_BOTTOM = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
MOUTH_CORNERS = (61, 291)
CHIN, FOREHEAD, JAW = 152, 10, (172, 397)
BROWS, EYE_CORNERS = (105, 334), (33, 263)
NOSE_TIP = 4
R_EAR, L_EAR = 234, 454  # where the oval meets the ears

BROW_FULLER = 0.006
"""How much further than its polygon a brow reaches, in widths of the face."""
BROW_ZONE = 0.035
"""How far from its polygon a brow is looked for, in widths of the face."""
LEAST_CONTRAST = 12
"""Grey levels by which a brow is darker than the skin around it, for its darkness to count."""
OPEN = 0.1
"""A mouth is open from this height of its gap, in widths of the gap."""

_SHIFT = 4  # bits of a fraction of a pixel


def outline(points: np.ndarray, side: int) -> np.ndarray:
    """The face's oval, bool (side, side). points: the mesh in the crop, float (468, 2)."""
    return _filled(points[list(OVAL)], side)


def draw_features(points: np.ndarray, side: int) -> np.ndarray:
    """Eyes, brows, nose, lips and mouth of a mesh: uint8 (side, side), elsewhere background.

    points: float (468, 2), in pixels of the crop.
    """
    labels = np.zeros((side, side), np.uint8)

    def draw(name: str, area: np.ndarray) -> None:
        labels[area] = NUMBER[name]

    draw("nose", _filled(points[list(NOSE)], side))
    width = np.ptp(points[list(OVAL), 0])
    for name, ring in (("r_brow", R_BROW), ("l_brow", L_BROW)):
        draw(name, grown(_filled(points[list(ring)], side), BROW_FULLER * width))
    for name, ring in (("r_eye", R_EYE), ("l_eye", L_EYE)):
        draw(name, _filled(points[list(ring)], side))
    top, bottom = points[list(INNER_TOP)], points[list(INNER_BOTTOM)]
    gap = float(np.linalg.norm(bottom - top, axis=1).max())
    is_open = gap >= OPEN * np.linalg.norm(top[-1] - top[0])
    if not is_open:
        top = bottom = (top + bottom) / 2
    draw("u_lip", _filled(np.concatenate([points[list(OUTER_TOP)], top[::-1]]), side))
    draw("l_lip", _filled(np.concatenate([points[list(OUTER_BOTTOM)], bottom[::-1]]), side))
    if is_open:
        draw("mouth", _filled(np.concatenate([top, bottom[::-1]]), side))
    return labels


def _filled(polygon: np.ndarray, side: int) -> np.ndarray:
    area = np.zeros((side, side), np.uint8)
    # Pixels' centres lie at + 0.5.
    corners = np.rint((polygon - 0.5) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(area, [corners], 1, shift=_SHIFT)
    return area.view(bool)


def grown(area: np.ndarray, distance: float) -> np.ndarray:
    """An area and all within a distance of it, in pixels. Both bool (H, W)."""
    return cv2.distanceTransform(1 - area.view(np.uint8), cv2.DIST_L2, 5) <= distance


def fit_brow(brow: np.ndarray, image: np.ndarray, parsed: np.ndarray, width: float) -> np.ndarray:
    """A brow where most of three witnesses see it: mesh, parser, and the hair's darkness.

    The mesh's brows keep an average shape, and often lie a little too high.

    brow: the mesh's, bool (S, S). image: uint8 (S, S, 3). parsed: bool (S, S), what the parser
    takes for this brow. width: of the face, in pixels. Returns bool (S, S).
    """
    zone = grown(brow, BROW_ZONE * width)
    light = cv2.GaussianBlur(image, (0, 0), 0.01 * width).mean(2)
    skin = np.median(light[zone & ~brow])
    hair = np.percentile(light[zone], 8)
    dark = zone & (light < (skin + hair) / 2)
    votes = brow.astype(int) + (parsed & zone) + dark
    if skin - hair < LEAST_CONTRAST:  # fair brows: darkness says nothing
        votes = 2 * (brow & grown(parsed & zone, BROW_ZONE * width))
    blob = _largest(cv2.GaussianBlur((votes >= 2).astype(np.float32), (0, 0), 0.012 * width) > 0.5)
    return blob if blob.sum() > brow.sum() / 3 else brow


def _largest(area: np.ndarray) -> np.ndarray:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(area.view(np.uint8))
    if len(stats) == 1:
        return area
    return parts == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
