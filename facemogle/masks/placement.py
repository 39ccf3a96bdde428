"""Where the regions of a face lie: what no upright face breaks, counted on a label map.

A hat under the chin is none: its label means something else, or the map is in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facemogle.masks.regions import REGIONS

_INDEX = {region.name: region.index for region in REGIONS}
_GROUPS = {
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "ears": ("l_ear", "r_ear"),
    "lips": ("u_lip", "l_lip"),
}
_LOOKED_AT = 256
"""Pixels of the longer side that are looked at; more tell nothing more of where things are."""


@dataclass(frozen=True)
class Places:
    """Where each label of a label map lies, (19,) each: pixels, mean column and row, top row.

    The values of a label that has no pixel mean nothing.
    """

    area: np.ndarray
    x: np.ndarray
    y: np.ndarray
    top: np.ndarray

    @classmethod
    def of(cls, label_map: np.ndarray) -> Places:
        """Measure a label map, uint8 (H, W)."""
        step = max(1, max(label_map.shape) // _LOOKED_AT)
        labels = label_map[::step, ::step]
        count = len(REGIONS)
        rows, columns = (axis.ravel() for axis in np.indices(labels.shape))
        flat = labels.ravel()
        area = np.bincount(flat, minlength=count)
        sums = [np.bincount(flat, weights=axis, minlength=count) for axis in (columns, rows)]
        x, y = (total / np.maximum(area, 1) for total in sums)
        top = np.zeros(count)
        labels_found, firsts = np.unique(flat, return_index=True)
        top[labels_found] = rows[firsts]
        return cls(area, x, y, top)

    def renamed(self, order: Sequence[int]) -> Places:
        """The same, where label k means region order[k]; labels beyond the order must be absent."""
        regions, known = list(order), len(order)
        moved = np.zeros((4, len(REGIONS)))
        moved[:, regions] = np.stack([self.area, self.x, self.y, self.top])[:, :known]
        return Places(*moved)

    def look(self, name: str) -> _Place | None:
        """A region or group by name; None where it has no pixel."""
        members = [_INDEX[one] for one in _GROUPS.get(name, (name,))]
        members = [one for one in members if self.area[one]]
        if not members:
            return None
        area = sum(float(self.area[one]) for one in members)
        x, y = (
            sum(float(self.area[one] * axis[one]) for one in members) / area
            for axis in (self.x, self.y)
        )
        return _Place(area, x, y, min(float(self.top[one]) for one in members))


@dataclass(frozen=True)
class _Place:
    area: float
    x: float
    y: float
    top: float


_Rule = tuple[tuple[str, ...], Callable[..., bool]]


def _above(upper: _Place, lower: _Place) -> bool:
    return upper.y < lower.y


def _reaches_above(upper: _Place, lower: _Place) -> bool:
    return upper.top < lower.y


def _level(left: _Place, right: _Place) -> bool:
    return abs(left.y - right.y) < abs(left.x - right.x)


def _larger(large: _Place, small: _Place) -> bool:
    return large.area > small.area


def _own_side(brow: _Place, eye: _Place, other: _Place) -> bool:
    return abs(brow.x - eye.x) < abs(brow.x - other.x)


def _beside(ear: _Place, left: _Place, right: _Place) -> bool:
    """Outside of both eyes, or nearly so."""
    return abs(ear.x - (left.x + right.x) / 2) > 0.6 * abs(left.x - right.x)


def _between(nose: _Place, left: _Place, right: _Place) -> bool:
    return abs(nose.x - (left.x + right.x) / 2) < abs(left.x - right.x)


def _over_eyes(glasses: _Place, left: _Place, right: _Place) -> bool:
    apart = np.hypot(left.x - right.x, left.y - right.y)
    return abs(glasses.y - (left.y + right.y) / 2) < 0.5 * apart


_RULES: tuple[_Rule, ...] = (
    (("brows", "eyes"), _above),
    (("eyes", "nose"), _above),
    (("eyes", "lips"), _above),
    (("eyes", "mouth"), _above),
    (("nose", "lips"), _above),
    (("nose", "mouth"), _above),
    (("u_lip", "l_lip"), _above),
    (("brows", "nose"), _above),
    (("brows", "lips"), _above),
    (("brows", "mouth"), _above),
    (("eye_g", "lips"), _above),
    (("hat", "lips"), _above),
    (("hat", "eyes"), _reaches_above),
    (("lips", "neck"), _above),
    (("nose", "neck"), _above),
    (("nose", "cloth"), _above),
    (("lips", "neck_l"), _above),
    (("eyes", "ear_r"), _above),
    (("hair", "eyes"), _reaches_above),
    (("hair", "brows"), _reaches_above),
    (("hair", "nose"), _reaches_above),
    (("hair", "mouth"), _reaches_above),
    (("hair", "lips"), _reaches_above),
    (("skin", "mouth"), _larger),
    (("l_eye", "r_eye"), _level),
    (("l_brow", "r_brow"), _level),
    (("l_brow", "l_eye", "r_eye"), _own_side),
    (("r_brow", "r_eye", "l_eye"), _own_side),
    (("l_ear", "l_eye", "r_eye"), _beside),
    (("r_ear", "l_eye", "r_eye"), _beside),
    (("nose", "l_eye", "r_eye"), _between),
    (("eye_g", "l_eye", "r_eye"), _over_eyes),
    (("skin", "nose"), _larger),
    (("skin", "eyes"), _larger),
    (("skin", "brows"), _larger),
    (("skin", "lips"), _larger),
)


_NAMES = {name for names, _ in _RULES for name in names}


def count_rules(places: Places) -> tuple[int, int]:
    """How many rules of a face hold, and how many are broken; the others lack their regions."""
    held = broken = 0
    found = {name: places.look(name) for name in _NAMES}
    for names, holds in _RULES:
        each = [place for name in names if (place := found[name]) is not None]
        if len(each) < len(names):
            continue
        if holds(*each):
            held += 1
        else:
            broken += 1
    return held, broken
