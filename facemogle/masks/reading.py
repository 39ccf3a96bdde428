"""Any mask -> a validated label map: indexed, grey and colour images, files, arrays.

What can be done with the label map afterwards is in ``label_map`` and can be imported from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from facemogle.masks.colors import colors_to_labels, is_blend, is_solid, spread_labels
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
from facemogle.masks.regions import MIRROR, NUM_REGIONS, PALETTE, SWAPPED_PALETTE

__all__ = [
    "MaskError",
    "MaskReading",
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

MAX_SIDE = 4096
"""An image has at most MAX_SIDE * MAX_SIDE pixels; checked on the file's header."""

MAX_SOFT_SHARE = 0.1
"""Colours of no region pass as softened edges up to this share of the pixels, unless solid."""

# Pillow would otherwise try every format it knows; one of them runs Ghostscript.
_FORMATS = ("PNG", "BMP", "GIF", "WEBP", "JPEG")
_L_EYE, _R_EYE = 4, 5


@dataclass(frozen=True)
class MaskReading:
    """A label map and how it was understood.

    label_map: uint8 (H, W), labels 0..18.
    notes: what was assumed or changed, in sentences for a person; empty if nothing was.
    """

    label_map: np.ndarray
    notes: tuple[str, ...]


def read_mask(
    source: str | Path | bytes | BinaryIO | Image.Image | np.ndarray,
    *,
    swap_sides: bool = False,
    size: tuple[int, int] | None = None,
) -> MaskReading:
    """Read any mask as a label map.

    Labels are the indices of an indexed image, the values of a grey image or of an integer
    array (H, W), and otherwise the exact colours of the palette, in an image or in an array uint8
    (H, W, 3 or 4). Transparent pixels are background. Softened edges go to the nearest region.

    source: path, file content, open file, Pillow image or array.
    swap_sides: exchange left and right eyes, brows and ears, which a colour image in the second
        palette needs.
    size: (height, width) to resize to by nearest neighbour.
    Raises MaskError if there is no such file, it is no image, damaged or too large, or if it has
    values or colours that are no region's.
    """
    notes: list[str] = []
    if isinstance(source, np.ndarray) and source.ndim == 2:
        label_map = check_label_map(source)
    elif isinstance(source, np.ndarray):
        label_map = _labels_of_image(_image_of_array(source), notes)
    else:
        label_map = _labels_of_image(_decode(source), notes)
    if swap_sides:
        label_map = np.array(MIRROR, np.uint8)[label_map]
        notes.append("Left and right eyes, brows and ears were exchanged, as asked.")
    if size is not None and size != label_map.shape:
        label_map = _resize(label_map, size, notes)
    if not label_map.any():
        notes.append("The mask is empty: background everywhere.")
    if _eyes_are_crossed(label_map):
        notes.append(
            "The person's left eye lies at the left of the image, where someone who faces us has "
            "the right one. If that is not meant, exchange the sides."
        )
    return MaskReading(label_map, tuple(notes))


def _decode(source: str | Path | bytes | BinaryIO | Image.Image) -> Image.Image:
    """Open an image, check its size on the header, then decode it."""
    if isinstance(source, str | Path):
        source = _file_content(Path(source))
    if isinstance(source, bytes):
        source = BytesIO(source)
    try:
        if not isinstance(source, Image.Image):
            source = Image.open(source, formats=_FORMATS)
        _check_size(source.width, source.height)
        source.load()
    except MaskError:
        raise
    except Image.UnidentifiedImageError as error:
        raise MaskError("The mask is not an image that can be read. Give a PNG file.") from error
    except Image.DecompressionBombError as error:
        raise MaskError(f"{error} Give a mask of at most {MAX_SIDE}x{MAX_SIDE} pixels.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise MaskError(
            f"The mask's file is damaged or cut off ({error}). Save or upload it again."
        ) from error
    return source


def _file_content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MaskError(
            f"The mask file {str(path)!r} cannot be opened: {error.strerror}. Check the path."
        ) from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_SIDE**2:
        raise MaskError(
            f"The mask has {width}x{height} = {width * height / 1e6:.1f} megapixels. "
            f"Give one of at most {MAX_SIDE**2 / 1e6:.1f}, such as {MAX_SIDE}x{MAX_SIDE}."
        )


def _image_of_array(array: np.ndarray) -> Image.Image:
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.dtype != np.uint8:
        raise MaskError(
            f"The mask array is {array.dtype} {array.shape}. Give labels, integers (height, "
            "width), or colours, uint8 (height, width, 3 or 4)."
        )
    _check_size(array.shape[1], array.shape[0])
    return Image.fromarray(array)


def _labels_of_image(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Labels of a decoded image, uint8 (H, W), by the rule that its mode asks for."""
    if image.mode in ("1", "F"):
        kind = "black and white only" if image.mode == "1" else "grey with fractions"
        raise MaskError(f"The mask is {kind}. Save labels 0..18 as an indexed or grey 8-bit PNG.")
    if image.mode == "I" or image.mode.startswith("I;16"):
        notes.append("Read as labels from a grey image of more than 8 bits.")
        return _labels_of_values(np.asarray(image), "grey values")

    hidden = _hidden_pixels(image)
    if hidden.any():
        notes.append("Transparent pixels (alpha under 128 of 255) were read as background.")
    by_index = image.mode == "P" and not _palette_is_reordered(image)
    if by_index or image.mode in ("L", "LA"):
        values = np.where(hidden, 0, np.asarray(image.getchannel(0)))
        return _labels_of_values(values, "indices" if by_index else "grey values")
    return _labels_of_colors(np.asarray(image.convert("RGB")), hidden, notes)


def _hidden_pixels(image: Image.Image) -> np.ndarray:
    """Where an image is more transparent than not, bool (H, W)."""
    if not image.has_transparency_data:
        return np.zeros((image.height, image.width), bool)
    return np.asarray(image.convert("RGBA"))[..., 3] < 128


def _palette_is_reordered(image: Image.Image) -> bool:
    """Whether an indexed image has the regions' colours, but not at the regions' indices.

    Programs that make PNG files smaller sort the palette; the indices then are no labels any more.
    """
    used = np.unique(np.asarray(image))
    table = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    if used[-1] >= len(table):
        return False
    colors = [tuple(color) for color in table[used].tolist()]
    at_home = all(
        index < NUM_REGIONS and color in (PALETTE[index], SWAPPED_PALETTE[index])
        for index, color in zip(used, colors, strict=True)
    )
    return not at_home and set(colors) <= set(PALETTE)


def _labels_of_values(values: np.ndarray, kind: str) -> np.ndarray:
    try:
        return check_label_map(values)
    except MaskError as error:
        raise MaskError(f"The image's {kind} were read as labels. {error}") from error


def _labels_of_colors(rgb: np.ndarray, hidden: np.ndarray, notes: list[str]) -> np.ndarray:
    """Labels of a colour image: exact colours first, then softened edges between them."""
    rgb = np.where(hidden[..., None], np.uint8(0), rgb)  # black is background
    labels, known = colors_to_labels(rgb)
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
