"""Masks of one part, white on black, as CelebAMask-HQ ships its annotation: ``00000_hair.png``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from facemogle.masks.decoding import name_of
from facemogle.masks.label_map import MaskError, compose_layers, present_regions, titles
from facemogle.masks.part_names import check_region, region_of_name
from facemogle.masks.pixels import equal_channels
from facemogle.masks.regions import NUM_REGIONS, REGIONS
from facemogle.masks.sources import pixels_of

DARK, BRIGHT = 48, 207
"""Grey values of a part mask lie at most or at least there; but for its softened edge."""

MAX_EDGE = 0.1
"""The share of the pixels that may be that edge."""


class UnnamedPartError(MaskError):
    """A mask of one part does not tell which."""


def part_of(values: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Where a mask of one part is white, bool (H, W), and the share of softened edge.

    values: bool or integers (H, W). None if it is no such mask: it is not black and white, or has
    no white.
    """
    if values.dtype == bool:
        return values, 0.0
    highest = int(values.max())
    if highest < NUM_REGIONS:
        return None
    if highest > 255:
        is_white = values == highest
        return (is_white, 0.0) if (is_white | (values == 0)).all() else None
    edge = float(((values > DARK) & (values < BRIGHT)).mean())
    is_white = values > 127
    is_part = highest >= BRIGHT and edge <= MAX_EDGE and _has_no_labels(values)
    return (is_white, edge) if is_part else None


def _has_no_labels(values: np.ndarray) -> bool:
    """Whether a grey image has more black and white than the labels 1..18, which are nearly black.

    A label map with a few wrong white pixels is not a part mask.
    """
    return bool(((values > 0) & (values < NUM_REGIONS)).sum() < (values >= BRIGHT).sum())


def named_part(
    values: np.ndarray, name: str | None, asked: int | None, notes: list[str]
) -> tuple[int, np.ndarray] | None:
    """The region of a mask of one part, and where it is; None if it is a mask of all."""
    named = region_of_name(name)
    region = asked if asked is not None else named
    found = part_of(values)
    if found is None and region is not None:
        present = np.unique(values)
        is_plain = len(present) <= 2 and present[0] == 0
        if (asked is not None and is_plain) or present.tolist() == [0, 1]:
            found = values > 0, 0.0
    if found is None:
        return None
    if region is None:
        raise UnnamedPartError(
            f"The mask is black and white only ({values.dtype}): a mask of one part, of which "
            "nothing tells the region. Name the region, or the file like 00000_hair.png; or give "
            "labels 0..18 as an indexed or grey 8-bit PNG."
        )
    inside, edge = found
    by = "as asked" if asked is not None else "as its file's name says"
    notes.append(f"Read as a mask of one part, {REGIONS[region].title}, {by}.")
    if edge:
        notes.append(f"Its edge was softened, {edge:.2%} of the pixels, and was cut at its middle.")
    return region, inside


def no_part(found: str) -> MaskError:
    """The error for a mask of more than the one region that was named."""
    return MaskError(
        f"A region was named, but the mask {found}: it is not a mask of one part. Give one that is "
        "white on black, or name no region."
    )


def read_parts(source: Any, notes: list[str]) -> np.ndarray:
    """One label map of several masks of parts."""
    if isinstance(source, Mapping):
        named = [(check_region(name), mask) for name, mask in source.items()]
    else:
        named = [(region_of_name(name_of(mask)), mask) for mask in source]
    parts: list[tuple[int, np.ndarray]] = []
    for number, (region, mask) in enumerate(named, 1):
        if region is None:
            shown = name_of(mask) or f"number {number}"
            raise UnnamedPartError(
                f"Nothing tells the region of the part {shown}. Name the file like 00000_hair.png."
            )
        values = pixels_of(mask, []).values
        values = values[..., 0] if values.ndim == 3 and equal_channels(values) else values
        found = part_of(values) if values.ndim == 2 else None
        if found is None and values.ndim == 2 and len(np.unique(values)) <= 2:
            found = values > 0, 0.0
        if found is None:
            shown = name_of(mask) or REGIONS[region].name
            raise MaskError(
                f"{shown} is not a mask of one part. Give several files only if each is white on "
                "black, or one mask of all regions."
            )
        parts.append((region, found[0]))
    label_map = _compose(parts)
    notes.append(
        f"Put together from {len(parts)} masks of parts: {titles(present_regions(label_map))}."
    )
    return label_map


def _compose(parts: Iterable[tuple[int, np.ndarray]]) -> np.ndarray:
    """One label map of parts (region, where it is) of one shape, uint8 (H, W).

    Where they overlap, the later region in the data set's order wins, as its own script has it.
    """
    layers: np.ndarray | None = None
    for region, inside in parts:
        if layers is None:
            layers = np.zeros((NUM_REGIONS, *inside.shape), bool)
        if layers.shape[1:] != inside.shape:
            raise MaskError(
                f"The part {REGIONS[region].name} has {inside.shape[1]}x{inside.shape[0]} pixels, "
                f"another part {layers.shape[2]}x{layers.shape[1]}. Give parts of one size."
            )
        layers[region] |= inside
    if layers is None:
        raise MaskError("There is no part in this list of masks. Give at least one file.")
    return compose_layers(layers, range(NUM_REGIONS))
