"""A rendered label map -> one that a person could have painted.

A model that has seen only exact outlines takes a visitor's rough ones at their word. So training
shows it, for the same image, maps with coarse outlines, forgotten parts, parts out of place, and
wrong symmetry.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from facemogle.masks.colors import spread_labels
from facemogle.masks.label_map import check_label_map, swap_sides
from facemogle.masks.regions import MIRROR, REGIONS

_INDEX = {region.name: region.index for region in REGIONS}
_BACKGROUND, _SKIN, _HAIR = (_INDEX[name] for name in ("background", "skin", "hair"))
_EARS = (_INDEX["l_ear"], _INDEX["r_ear"])
_JEWELLERY = (_INDEX["ear_r"], _INDEX["neck_l"])
_BELOW = (_INDEX["neck"], _INDEX["cloth"])
_FEATURES = tuple(_INDEX[name] for name in ("l_brow", "r_brow", "l_eye", "r_eye"))
_SMALL = tuple(
    _INDEX[name]
    for name in (
        "l_ear", "r_ear", "nose", "u_lip", "l_lip", "mouth", "l_eye", "r_eye", "l_brow", "r_brow",
    )
)  # fmt: skip
"""What is drawn in few strokes, in the order in which they are drawn."""

_GROUND = tuple(
    _INDEX[name] for name in ("background", "skin", "nose", "eye_g", "hair", "hat", "neck", "cloth")
)
"""What may come to light where something is taken away."""

_BROAD = tuple(_INDEX[name] for name in ("background", "skin", "hair", "hat", "neck", "cloth"))
"""Painted first, with a broad brush; the rest over it, with finer ones."""


def painted_like(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Repaint a label map by a hand that is not too careful.

    label_map: uint8 (H, W), labels 0..18; not changed.
    draw: decides which changes are made and how strong; an equal generator gives an equal map.
    Returns uint8 (H, W). It has no region that the map or its mirror image lacks, background apart.
    Raises MaskError if it is no label map.
    """
    painted = check_label_map(label_map)
    for probability, change in _CHANGES:
        if draw.random() < probability:
            painted = change(painted, draw)
    return painted


def _forget_jewellery(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return erase(label_map, np.isin(label_map, _JEWELLERY))


def _forget_ears(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One ear or both."""
    forgotten = _EARS if draw.random() < 0.6 else (_EARS[draw.integers(2)],)
    return erase(label_map, np.isin(label_map, forgotten))


def _move_features(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Put eyes and brows elsewhere on the face, larger or smaller."""
    moved = erase(label_map, np.isin(label_map, _FEATURES))
    face = np.isin(moved, _GROUND) & (moved != _BACKGROUND)
    for feature in _FEATURES:
        mask = label_map == feature
        shift = draw.normal(0, 0.015 * label_map.shape[1], 2)  # x, y
        scale = draw.uniform(0.65, 1.6, 2)
        if mask.any():
            center = np.argwhere(mask).mean(0)[::-1]  # x, y
            matrix = np.column_stack([np.diag(scale), center + shift - scale * center])
            moved[_warp(mask, matrix) & face] = feature
    return moved


def _make_symmetric(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Copy one half of the face over the other, as programs with a symmetry switch do.

    A turned face stays as it is: the copy would have two noses, or none.
    """
    middle, face = (np.nonzero(label_map == _INDEX[name])[1] for name in ("nose", "skin"))
    if not (middle.size and face.size):
        return label_map
    if abs(middle.mean() - face.mean()) > 0.03 * label_map.shape[1]:
        return label_map
    axis = 2 * middle.mean()  # column + mirrored column
    columns = np.arange(label_map.shape[1])
    sources = np.rint(axis - columns).astype(int)
    half = columns < axis / 2 if draw.random() < 0.5 else columns > axis / 2
    copied = half & (sources >= 0) & (sources < len(columns))
    symmetric = label_map.copy()
    symmetric[:, copied] = swap_sides(label_map[:, sources[copied]])
    return symmetric


def _confuse_sides(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Take one kind of left and right parts for each other, or all of them for one side's."""
    first = (_EARS, _FEATURES[:2], _FEATURES[2:])[draw.integers(3)][draw.integers(2)]
    confused = np.arange(len(REGIONS), dtype=np.uint8)
    confused[first] = MIRROR[first]
    if draw.random() < 0.5:
        confused[MIRROR[first]] = first
    return confused[label_map]


def _flatten_hair(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Round off the hair against the background: no strands, no curls, no gaps."""
    smooth = _blurred(label_map == _HAIR, draw.uniform(0.025, 0.06) * max(label_map.shape)) > 0.5
    flat = label_map.copy()
    flat[smooth & (label_map == _BACKGROUND)] = _HAIR
    return erase(flat, ~smooth & (label_map == _HAIR))


def _draw_simply(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draw the parts of the face as ovals or as shapes with few corners."""
    simple = erase(label_map, np.isin(label_map, _SMALL))
    for region in _SMALL:
        mask = (label_map == region).astype(np.uint8)
        if not mask.any():
            continue
        shape = np.zeros_like(mask)
        if draw.random() < 0.6:
            cv2.ellipse(shape, _oval(mask), 1, -1)
        else:
            cv2.fillPoly(shape, _corners(mask, draw.uniform(0.02, 0.05)), 1)
        simple[shape.view(bool)] = region
    return simple


def _draw_corners(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Draw hair, hat, neck and clothes with straight edges, as with a polygon tool."""
    ground = label_map
    for region in np.intersect1d(label_map, _BROAD[2:]):
        mask = label_map == region
        shape = np.zeros(label_map.shape, np.uint8)
        cv2.fillPoly(shape, _corners(mask.astype(np.uint8), draw.uniform(0.008, 0.025)), 1)
        ground = erase(ground, mask & ~shape.view(bool))
        ground[shape.view(bool) & np.isin(ground, _BROAD)] = region
    return ground


def _forget_below(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Leave out the clothes, or the neck and the clothes, as in a head drawn for itself."""
    forgotten = _BELOW if draw.random() < 0.5 else _BELOW[1:]
    return np.where(np.isin(label_map, forgotten), np.uint8(_BACKGROUND), label_map)


def _leave_gaps(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Leave some of the seams between broad regions unpainted."""
    width = 2 * round(draw.uniform(0.004, 0.012) * max(label_map.shape)) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    broad = np.where(np.isin(label_map, _BROAD), label_map, np.uint8(_SKIN))
    seam = cv2.morphologyEx(broad, cv2.MORPH_GRADIENT, brush) > 0
    hasty = cv2.resize(draw.random((7, 7)).astype(np.float32), label_map.shape[::-1]) > 0.6
    gap = seam & hasty & np.isin(label_map, _BROAD)
    return np.where(gap, np.uint8(_BACKGROUND), label_map)


def _wobble(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Bend all outlines a little, as an unsteady hand does."""
    height, width = label_map.shape
    knots = draw.normal(0, 0.008 * max(height, width), (2, 9, 9)).astype(np.float32)
    bend = [cv2.resize(knot, (width, height), interpolation=cv2.INTER_CUBIC) for knot in knots]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cv2.remap(
        label_map, x + bend[0], y + bend[1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )


def _paint_coarsely(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Paint the broad regions with a thick brush, then everything else over them."""
    radius = draw.uniform(0.008, 0.03) * max(label_map.shape)
    ground = erase(label_map, ~np.isin(label_map, _BROAD))
    present = np.unique(ground)
    shares = np.stack([_blurred(ground == region, radius) for region in present])
    painted = present[shares.argmax(0)]
    for region in np.setdiff1d(label_map, _BROAD):
        mask = label_map == region
        fine = min(radius, 0.12 * np.sqrt(mask.sum()))  # or a lip would vanish under the brush
        painted[_blurred(mask, fine) > draw.uniform(0.3, 0.5)] = region
    return painted


_CHANGES: tuple[tuple[float, Callable[[np.ndarray, np.random.Generator], np.ndarray]], ...] = (
    (0.5, _forget_jewellery),
    (0.3, _forget_ears),
    (0.15, _forget_below),
    (0.3, _flatten_hair),
    (0.35, _draw_simply),
    (0.25, _draw_corners),
    (0.4, _move_features),
    (0.2, _make_symmetric),
    (0.1, _confuse_sides),
    (0.5, _wobble),
    (0.7, _paint_coarsely),
    (0.2, _leave_gaps),
)
"""(How often it is made, change), in the order in which they are made."""


def erase(label_map: np.ndarray, erased: np.ndarray) -> np.ndarray:
    """Take pixels away: each becomes what lies nearest of the regions that lie below others.

    label_map: uint8 (H, W), not changed. erased: bool (H, W). Returns uint8 (H, W).
    """
    ground = np.isin(label_map, _GROUND) & ~erased
    below = spread_labels(label_map, ground) if ground.any() else np.uint8(_BACKGROUND)
    return np.where(erased, below, label_map).astype(np.uint8)


def _oval(mask: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """The oval with a mask's place, spread and direction, as OpenCV takes it: sizes, degrees."""
    rows, columns = np.nonzero(mask)
    spread = np.cov(columns, rows) if len(rows) > 1 else np.zeros((2, 2))
    lengths, axes = np.linalg.eigh(spread)
    angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    wide, high = 4 * np.sqrt(np.maximum(lengths[::-1], 0.25))
    return (float(columns.mean()), float(rows.mean())), (float(wide), float(high)), float(angle)


def _corners(mask: np.ndarray, tolerance: float) -> list[np.ndarray]:
    """Outlines of a mask, uint8, with few corners. tolerance: share of the outline's length."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [cv2.approxPolyDP(o, tolerance * cv2.arcLength(o, True), True) for o in outlines]


def _warp(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move a mask, bool (H, W), by an affine matrix (2, 3)."""
    return cv2.warpAffine(mask.astype(np.float32), matrix, mask.shape[::-1]) > 0.5


def _blurred(mask: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(
        mask.astype(np.float32), (0, 0), max(sigma, 0.1), borderType=cv2.BORDER_REPLICATE
    )
