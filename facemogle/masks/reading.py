"""Any mask -> a validated label map: images, files, arrays, masks of parts, other label orders.

What can be done with the label map afterwards is in ``label_map`` and can be imported from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facemogle.masks.color_images import labels_of_colors
from facemogle.masks.decoding import MAX_SIDE, name_of
from facemogle.masks.label_map import (
    MaskError,
    changed_regions,
    check_label_map,
    colorize,
    compose_layers,
    decouple,
    index_png,
    mirror,
    palette_png,
    present_regions,
    resize_label_map,
    swap_sides,
    titles,
)
from facemogle.masks.label_orders import (
    LABEL_ORDERS,
    OURS,
    check_label_order,
    from_order,
    recognise_order,
)
from facemogle.masks.part_masks import UnnamedPartError, named_part, no_part, read_parts
from facemogle.masks.part_names import check_region
from facemogle.masks.pixels import Pixels, equal_channels
from facemogle.masks.regions import MIRROR, REGIONS
from facemogle.masks.softened import MAX_UNCERTAIN, is_softened, settle_soft_labels
from facemogle.masks.sources import is_list_of_files, pixels_of

__all__ = [
    "MAX_SIDE",
    "MaskError",
    "MaskReading",
    "UnnamedPartError",
    "changed_regions",
    "check_label_map",
    "colorize",
    "compose_layers",
    "decouple",
    "index_png",
    "mirror",
    "palette_png",
    "read_mask",
    "resize_label_map",
    "swap_sides",
]

_L_EYE, _R_EYE = 4, 5


@dataclass(frozen=True)
class MaskReading:
    """A label map and how it was understood.

    label_map: uint8 (H, W), labels 0..18.
    notes: what was assumed or changed, in sentences for a person; empty if nothing was.
    order: name of the label order that the mask was in, see ``label_orders``.
    part: the one region that the mask was of, if it was a mask of one part.
    """

    label_map: np.ndarray
    notes: tuple[str, ...]
    order: str = OURS
    part: int | None = None


def read_mask(
    source: Any,
    *,
    swap_sides: bool = False,
    size: tuple[int, int] | None = None,
    labels: str = "auto",
    region: str | int | None = None,
) -> MaskReading:
    """Read any mask as a label map.

    Labels are the indices of an indexed image, the values of a grey image or of an integer
    array (H, W), and otherwise the exact colours of the palette, in an image or in an array uint8
    (H, W, 3 or 4). Transparent pixels are background. Softened edges go to the nearest region.
    A mask of one part, white on black, becomes that region on background.

    source: path, file content, open file, Pillow image, array, tensor or nested list; for masks of
        parts, which make one label map, a list of files whose names name the regions, or a mapping
        from regions' names to masks.
    swap_sides: exchange left and right eyes, brows and ears, which a colour image in the second
        palette needs.
    size: (height, width) to resize to by nearest neighbour.
    labels: the order that the labels are in, by its name in ``LABEL_ORDERS``; "auto" = ours, unless
        where things are is impossible in ours and fits another.
    region: what a mask of one part shows, by name or index; None = as its file's name tells.
    Raises MaskError if there is no such file, it is no image, damaged or too large, or if it has
    values or colours that are no region's; UnnamedPartError, which is one, if a mask of one part
    does not tell which.
    """
    notes: list[str] = []
    asked_order, asked_region = check_label_order(labels), check_region(region)
    if isinstance(source, Mapping) or is_list_of_files(source):
        label_map, order, part = read_parts(source, notes), OURS, None
    else:
        label_map, order, part = _read_one(source, asked_order, asked_region, notes)
    if swap_sides:
        label_map = np.array(MIRROR, np.uint8)[label_map]
        notes.append("Left and right eyes, brows and ears were exchanged, as asked.")
    elif order != OURS and _eyes_are_crossed(label_map):
        label_map = np.array(MIRROR, np.uint8)[label_map]
        notes.append(
            "Its left and right were the image's; here they are the person's, so they were "
            "exchanged."
        )
    if size is not None and size != label_map.shape:
        label_map = _resize(label_map, size, notes)
    if not label_map.any():
        notes.append("The mask is empty: background everywhere.")
    if _eyes_are_crossed(label_map):
        notes.append(
            "The person's left eye lies at the left of the image, where someone facing us has the "
            "right eye. If that is not intended, exchange the sides."
        )
    return MaskReading(label_map, tuple(notes), order, part)


def _read_one(
    source: Any, asked_order: str | None, asked_region: int | None, notes: list[str]
) -> tuple[np.ndarray, str, int | None]:
    """Label map of one mask, the order it was in, and the region if it was a part's."""
    pixels = pixels_of(source, notes)
    values = pixels.values
    if values.ndim == 3 and not equal_channels(values):
        if asked_region is not None:
            raise no_part("has colours")
        return labels_of_colors(values, notes), OURS, None
    if values.ndim == 3:
        values = values[..., 0]
        if 0 < values.max() < len(REGIONS):
            notes.append("Its red, green and blue are equal and were read as labels.")
    if not pixels.is_declared:
        part = named_part(values, name_of(source), asked_region, notes)
        if part is not None:
            region, inside = part
            return np.where(inside, np.uint8(region), np.uint8(0)), OURS, region
    if asked_region is not None:
        raise no_part(f"has {len(np.unique(values))} values")
    kind = pixels.kind if pixels.kind != "colours" else "grey values"
    label_map = _labels_of_values(values, kind, pixels, notes)
    if set(np.unique(label_map).tolist()) == {0, 1} and not pixels.is_declared:
        notes.append(
            "It has labels 0 and 1 only, read as skin. If it is a mask of another part, "
            "name its region."
        )
    return *_ordered(label_map, pixels.is_declared, asked_order, notes), None


def _labels_of_values(
    values: np.ndarray, kind: str, pixels: Pixels, notes: list[str]
) -> np.ndarray:
    if pixels.is_lossy:
        raise MaskError(
            "The mask is a JPEG of strong compression, which moves labels to other labels. Save it "
            "as PNG."
        )
    if not pixels.is_declared and is_softened(values):
        values, share = settle_soft_labels(values)
        if share > MAX_UNCERTAIN:
            raise MaskError(
                f"{share:.0%} of the mask's pixels have labels between those of two regions, as a "
                "smoothed label map has them. Enlarge it by nearest neighbour, and save as PNG."
            )
        notes.append(
            f"Softened labels: {share:.2%} of the pixels had labels between those of two regions, "
            "as smoothing or JPEG makes them, and were given to the nearest region."
        )
    if kind == "labels":
        return check_label_map(values)
    try:
        return check_label_map(values)
    except MaskError as error:
        raise MaskError(f"The image's {kind} were read as labels. {error}") from error


def _ordered(
    label_map: np.ndarray, is_declared: bool, asked: str | None, notes: list[str]
) -> tuple[np.ndarray, str]:
    """The label map in our order, and the order it was in."""
    order, likely = asked, ()
    if order is None:
        order, likely = (OURS, ()) if is_declared else recognise_order(label_map)
    if order != OURS:
        label_map = from_order(label_map, order)
        by = "as asked" if asked else "recognised by where the regions are"
        notes.append(f"Its labels were in the order of {LABEL_ORDERS[order].title}, {by}.")
    elif likely:
        named = " or ".join(f"{LABEL_ORDERS[name].title} ({name})" for name in likely)
        notes.append(
            f"Some regions lie where no face has them. If the labels are in the order of {named}, "
            "name it."
        )
    return label_map, order


def _eyes_are_crossed(label_map: np.ndarray) -> bool:
    left, right = (np.nonzero(label_map == eye)[1] for eye in (_L_EYE, _R_EYE))  # columns
    return left.size > 0 and right.size > 0 and left.mean() < right.mean()


def _resize(label_map: np.ndarray, size: tuple[int, int], notes: list[str]) -> np.ndarray:
    resized = resize_label_map(label_map, *size)
    (height, width), (new_height, new_width) = label_map.shape, size
    notes.append(
        f"Resized from {width}x{height} to {new_width}x{new_height} (width x height), nearest "
        "neighbour."
    )
    if height * new_width != width * new_height:
        notes.append("The new size changes the mask's proportions.")
    lost = sorted(set(present_regions(label_map)) - set(present_regions(resized)))
    if lost:
        notes.append(f"Too small to survive the new size: {titles(lost)}.")
    return resized
