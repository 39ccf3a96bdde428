"""Changes of a label map, as a person at the canvas makes them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facemogle.masks.regions import REGIONS
from facemogle.render.augment import erase

_INDEX = {region.name: region.index for region in REGIONS}
_LEAST = 0.0008
"""Share of an image under which a region is too small to be worth a change."""


@dataclass(frozen=True)
class Change:
    """Some regions moved and scaled together about their common centre.

    scale: of width and height. shift: to the right and down, shares of the image's sides.
    """

    title: str
    regions: tuple[str, ...]
    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)


CHANGES = (
    Change("nose larger", ("nose",), scale=(1.3, 1.15)),
    Change("mouth wider", ("u_lip", "mouth", "l_lip"), scale=(1.35, 1.25)),
    Change("brows higher", ("l_brow", "r_brow"), shift=(0.0, -0.03)),
    Change("hair fuller", ("hair",), scale=(1.12, 1.12)),
    Change("eyes larger", ("l_eye", "r_eye"), scale=(1.15, 1.8)),
)


def indices(names: tuple[str, ...]) -> list[int]:
    """Labels of regions by their names."""
    return [_INDEX[name] for name in names]


def changed(label_map: np.ndarray, change: Change) -> np.ndarray | None:
    """The label map with a change made: uint8 (H, W); None if it has too little of the regions."""
    wanted = indices(change.regions)
    before = np.isin(label_map, wanted)
    if before.mean() < _LEAST:
        return None
    height, width = label_map.shape
    center = np.argwhere(before).mean(0)[::-1]  # x, y
    scale, shift = np.array(change.scale), np.array(change.shift) * (width, height)
    matrix = np.column_stack([np.diag(scale), center + shift - scale * center])
    after = erase(label_map, before)
    for region in wanted:
        mask = (label_map == region).astype(np.float32)
        after[cv2.warpAffine(mask, matrix, (width, height)) > 0.5] = region
    return after


def without(label_map: np.ndarray, region: int) -> np.ndarray:
    """The label map with one region emptied: each pixel becomes what lies nearest below it."""
    return erase(label_map, label_map == region)
