"""A rendered label map -> one that a person could have painted.

A model that has seen only exact outlines takes a visitor's rough ones at their word. So training
shows it, for the same picture, maps with coarse outlines, forgotten parts, parts out of place, and
wrong symmetry.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from facemogle.colors import spread_labels
from facemogle.label_map import check_label_map, swap_sides
from facemogle.regions import MIRROR, REGIONS

_INDEX = {region.name: region.index for region in REGIONS}
_BACKGROUND, _HAIR = _INDEX["background"], _INDEX["hair"]
_EARS = (_INDEX["l_ear"], _INDEX["r_ear"])
_JEWELLERY = (_INDEX["ear_r"], _INDEX["neck_l"])
_FEATURES = tuple(_INDEX[name] for name in ("l_brow", "r_brow", "l_eye", "r_eye"))
_GROUND = tuple(
    _INDEX[name] for name in ("background", "skin", "nose", "eye_g", "hair", "hat", "neck", "cloth")
)
"""What may come to light where something is taken away."""

_BROAD = tuple(_INDEX[name] for name in ("background", "skin", "hair", "hat", "neck", "cloth"))
"""Painted first, with a broad brush; the rest over it, with finer ones."""


def painted_like(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Repaint a label map by a hand that is none too careful.

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
    return _erase(label_map, np.isin(label_map, _JEWELLERY))


def _forget_ears(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One ear or both."""
    forgotten = _EARS if draw.random() < 0.6 else (_EARS[draw.integers(2)],)
    return _erase(label_map, np.isin(label_map, forgotten))


def _move_features(label_map: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Put eyes and brows elsewhere on the face, larger or smaller."""
    moved = _erase(label_map, np.isin(label_map, _FEATURES))
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
    return _erase(flat, ~smooth & (label_map == _HAIR))


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
    ground = _erase(label_map, ~np.isin(label_map, _BROAD))
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
    (0.3, _flatten_hair),
    (0.4, _move_features),
    (0.2, _make_symmetric),
    (0.1, _confuse_sides),
    (0.5, _wobble),
    (0.7, _paint_coarsely),
)
"""(How often it is made, change), in the order in which they are made."""


def _erase(label_map: np.ndarray, erased: np.ndarray) -> np.ndarray:
    """Take pixels away: each becomes what lies nearest of the regions that lie below others."""
    ground = np.isin(label_map, _GROUND) & ~erased
    below = spread_labels(label_map, ground) if ground.any() else np.uint8(_BACKGROUND)
    return np.where(erased, below, label_map).astype(np.uint8)


def _warp(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move a mask, bool (H, W), by an affine matrix (2, 3)."""
    return cv2.warpAffine(mask.astype(np.float32), matrix, mask.shape[::-1]) > 0.5


def _blurred(mask: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(
        mask.astype(np.float32), (0, 0), max(sigma, 0.1), borderType=cv2.BORDER_REPLICATE
    )
