"""Images in the palette's colours -> labels: exact colours, softened edges, blue before red."""

from __future__ import annotations

import numpy as np

from facemogle.masks.colors import colors_to_labels, is_blend, is_solid, spread_labels
from facemogle.masks.label_map import MaskError, present_regions
from facemogle.masks.placement import Places, count_rules
from facemogle.masks.regions import MIRROR

MAX_SOFT_SHARE = 0.1
"""Colours of no region pass as softened edges up to this share of the pixels, unless solid."""

_LOOKED_AT = 512
"""Pixels of the longer side that tell whether blue or red comes first."""


def labels_of_colors(rgb: np.ndarray, notes: list[str]) -> np.ndarray:
    """Labels of a colour image, uint8 (H, W, 3): uint8 (H, W). Raises MaskError."""
    labels, known = colors_to_labels(rgb)
    rgb, labels, known = _red_first(rgb, labels, known, notes)
    if not known.all():
        labels = _settle_soft_edges(rgb, labels, known, notes)
    note = "Read by colour, in the palette of the CelebAMask-HQ training data."
    if any(MIRROR[region] != region for region in present_regions(labels)):
        note += (
            " Its (51, 51, 255) is the person's left eye; a second palette exchanges left and "
            "right eyes, brows and ears. If this mask has that one, exchange the sides."
        )
    notes.append(note)
    return labels


def _red_first(
    rgb: np.ndarray, labels: np.ndarray, known: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The image with red as its first channel, which OpenCV puts last, and what it holds then.

    Skin and hair, glasses and earrings, upper lip and left brow are each other's mirror image in
    this; all other regions' colours are no region's, and tell.
    """
    step = max(1, max(known.shape) // _LOOKED_AT)
    their_labels, their_known = colors_to_labels(rgb[::step, ::step, ::-1])
    ours, theirs = known[::step, ::step].mean(), their_known.mean()
    certain = theirs > ours and theirs > 1 - MAX_SOFT_SHARE
    if not certain and ours == theirs == 1 and (labels[::step, ::step] != their_labels).any():
        broken = count_rules(Places.of(labels))[1]
        certain = count_rules(Places.of(their_labels))[1] < broken
        if not certain and not broken:
            notes.append(
                "Skin and hair would be each other's if blue was its first channel, as OpenCV has "
                "it; red was taken to be."
            )
    if not certain:
        return rgb, labels, known
    notes.append(
        "Blue was its first channel, as OpenCV reads and writes arrays (BGR); red was put first."
    )
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return bgr, *colors_to_labels(bgr)


def _settle_soft_edges(
    rgb: np.ndarray, labels: np.ndarray, known: np.ndarray, notes: list[str]
) -> np.ndarray:
    foreign = ~known & is_solid(rgb)
    soft = ~known | is_blend(labels, known)
    if foreign.any() or soft.mean() > MAX_SOFT_SHARE:
        y, x = divmod(int((foreign if foreign.any() else ~known).argmax()), rgb.shape[1])
        raise MaskError(
            f"{(~known).mean():.2%} of the image's pixels have colours of no region, such as "
            f"{tuple(rgb[y, x].tolist())} at x {x}, y {y}. Paint with the 19 palette colours and "
            "hard edges, and save as PNG (JPEG changes colours), or give an indexed PNG."
        )
    notes.append(
        f"Softened edges: {soft.mean():.2%} of the pixels had colours between those of two regions "
        "and were given to the nearest region."
    )
    return spread_labels(labels, ~soft)
