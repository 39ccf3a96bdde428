"""The orders that other programs number the regions in, recognised by where things are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.masks.label_map import MaskError
from facemogle.masks.placement import Places, count_rules
from facemogle.masks.regions import NUM_REGIONS, REGIONS

_INDEX = {region.name: region.index for region in REGIONS}


@dataclass(frozen=True)
class LabelOrder:
    """What the labels of a program's label maps mean.

    title: what a person reads.
    regions: the region of each label, (n,), n <= 19.
    """

    title: str
    regions: tuple[int, ...]


def _order(title: str, names: str) -> LabelOrder:
    return LabelOrder(title, tuple(_INDEX[name] for name in names.split()))


OURS = "celebamask"
LABEL_ORDERS: dict[str, LabelOrder] = {
    OURS: LabelOrder("CelebAMask-HQ", tuple(range(NUM_REGIONS))),
    "bisenet": _order(
        "face-parsing.PyTorch (BiSeNet)",
        "background skin l_brow r_brow l_eye r_eye eye_g l_ear r_ear ear_r nose mouth u_lip l_lip "
        "neck neck_l cloth hair hat",
    ),
    "farl": _order(
        "FaRL (facer)",
        "background neck skin cloth r_ear l_ear r_brow l_brow r_eye l_eye nose mouth l_lip u_lip "
        "hair eye_g hat ear_r neck_l",
    ),
    "lapa": _order(
        "LaPa and Helen",
        "background skin l_brow r_brow l_eye r_eye nose u_lip mouth l_lip hair",
    ),
}
LABEL_ORDERS["helen"] = LABEL_ORDERS["lapa"]

_FOLDED = {"eye_g": "skin"}
"""What an order has no label for is background in it, but for glasses, which lie on skin."""

CERTAIN = 3
"""A map is in another order if ours breaks so many more rules of a face than it does."""

MOST_BROKEN, LEAST_HELD = 1, 8
"""... and if it breaks and holds so many itself."""


def check_label_order(name: object) -> str | None:
    """The order's name, or None for "auto". Raises MaskError."""
    if name == "auto":
        return None
    if not isinstance(name, str) or name not in LABEL_ORDERS:
        raise MaskError(
            f"The order of labels is {name!r}. Name one of auto, {', '.join(LABEL_ORDERS)}."
        )
    return name


def from_order(label_map: np.ndarray, name: str) -> np.ndarray:
    """Convert a label map of another order to ours, uint8 (H, W) both.

    Raises MaskError if it has a label that the order lacks.
    """
    order = LABEL_ORDERS[name]
    highest = int(label_map.max())
    if highest >= len(order.regions):
        raise MaskError(
            f"Label {highest} is not one of the {len(order.regions)} of {order.title}. Name the "
            "order that the mask is in."
        )
    return np.array(order.regions, np.uint8)[label_map]


def to_order(label_map: np.ndarray, name: str) -> np.ndarray:
    """Convert a label map of ours to another order, uint8 (H, W) both.

    LaPa's order has no label for clothes, neck, hats, ears and jewellery, which become background,
    nor for glasses, which become skin.
    """
    regions = LABEL_ORDERS[name].regions
    table = np.zeros(NUM_REGIONS, np.uint8)
    for region in REGIONS:
        target = region.index
        if target not in regions:
            target = _INDEX[_FOLDED.get(region.name, "background")]
        table[region.index] = regions.index(target)
    return table[label_map]


def recognise_order(label_map: np.ndarray) -> tuple[str, tuple[str, ...]]:
    """In which order a label map is, by where things are.

    Returns the order's name, ours unless another is certain, and if none is certain though ours
    cannot be, the names of those that may be.
    """
    places = Places.of(label_map)
    held, broken = count_rules(places)
    if broken < 2:
        return OURS, ()
    highest = int(label_map.max())
    found: list[tuple[int, int, str]] = []
    for name, order in LABEL_ORDERS.items():
        if name in (OURS, "helen") or highest >= len(order.regions):
            continue
        theirs_held, theirs_broken = count_rules(places.renamed(order.regions))
        found.append((theirs_broken, -theirs_held, name))
    found.sort()
    if not found:
        return OURS, ()
    fewest, most, name = found[0]
    is_alone = len(found) == 1 or found[1][:2] != (fewest, most)
    is_sound = fewest <= MOST_BROKEN and -most >= LEAST_HELD
    if is_alone and is_sound and broken - fewest >= CERTAIN:
        return name, ()
    likely = tuple(other for worse, few, other in found if worse < broken and -few > held)
    return OURS, likely
