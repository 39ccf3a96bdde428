"""Masks as other programs write them: each row of docs/masks.md becomes what it says."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from facemogle.masks.label_map import (
    MaskError,
    colorize,
    index_png,
    resize_label_map,
    swap_sides,
)
from facemogle.masks.label_orders import from_order, to_order
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import REGIONS

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "assets/templates").glob("*.png"))
FACE = read_mask(ROOT / "assets/templates/long_hair.png").label_map
HAIR, SKIN = 13, 1
ONLY_HAIR = np.where(FACE == HAIR, np.uint8(HAIR), np.uint8(0))
WHITE_HAIR = np.where(FACE == HAIR, np.uint8(255), np.uint8(0))


def encoded(image: Image.Image | np.ndarray, form: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(stream, form, **options)
    return stream.getvalue()


def named(content: bytes, name: str = "00000_hair.png") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def black_and_white() -> Image.Image:
    """An indexed image whose palette is black and white: index 1 is no skin."""
    image = Image.fromarray((FACE == HAIR).astype(np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    return image


def enlarged(label_map: np.ndarray, factor: int = 2) -> np.ndarray:
    small = resize_label_map(label_map, 512 // factor, 512 // factor)
    return cv2.resize(small, (512, 512), interpolation=cv2.INTER_LINEAR)


def unlikely() -> np.ndarray:
    """Few regions in BiSeNet's order: no face in ours, and too little to be certain."""
    foreign = to_order(FACE, "bisenet")
    return np.where(np.isin(foreign, [1, 10, 12, 13, 17]), foreign, np.uint8(0))


def parts() -> dict[str, np.ndarray]:
    return {region.name: np.equal(FACE, region.index) for region in REGIONS}


def frames() -> bytes:
    first, second = Image.fromarray(FACE), Image.fromarray(ONLY_HAIR)
    return encoded(first, "TIFF", save_all=True, append_images=[second])


def transparent() -> bytes:
    rgba = np.dstack([colorize(FACE), np.where(FACE == HAIR, np.uint8(255), np.uint8(0))])
    return encoded(rgba)


def photograph() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


Case = tuple[Callable[[], Any], np.ndarray | None, str, dict[str, Any]]


def case(make: Callable[[], Any], expected: np.ndarray | None, said: str, **options: Any) -> Case:
    """expected: the label map, exactly; None = refused."""
    return make, expected, said, options


LAPA_FACE = from_order(to_order(FACE, "lapa"), "lapa")
SMALL = resize_label_map(FACE, 64, 64)
SMALL_HAIR = np.where(FACE == HAIR, HAIR, np.where(FACE == SKIN, SKIN, 0)).astype(np.uint8)

ROWS: dict[str, Case] = {
    "indexed PNG in the data set's palette": case(lambda: index_png(FACE), FACE, ""),
    "grey image or integer array, values up to 18": case(lambda: encoded(FACE), FACE, ""),
    "grey image as RGB, red = green = blue up to 18": case(
        lambda: Image.fromarray(FACE).convert("RGB"), FACE, "red, green and blue are equal"
    ),
    "16- or 32-bit grey image": case(
        lambda: encoded(FACE.astype(np.uint16)), FACE, "more than 8 bits"
    ),
    "colour image in the palette": case(lambda: encoded(colorize(FACE)), FACE, "Read by colour"),
    "colour array from `cv2.imread` (BGR)": case(
        lambda: cv2.cvtColor(colorize(FACE), cv2.COLOR_RGB2BGR), FACE, "Blue was its first channel"
    ),
    "skin and hair only, in colours": case(
        lambda: colorize(SMALL_HAIR[:120]),
        SMALL_HAIR[:120],
        "would be each other's if blue was its first channel",
    ),
    "label map in face-parsing.PyTorch's order (BiSeNet)": case(
        lambda: encoded(to_order(FACE, "bisenet")),
        FACE,
        "in the order of face-parsing.PyTorch (BiSeNet), recognised",
    ),
    "label map in LaPa's or Helen's order": case(
        lambda: to_order(FACE, "lapa"), LAPA_FACE, "in the order of LaPa and Helen, recognised"
    ),
    "label map in FaRL's order (facer)": case(
        lambda: to_order(FACE, "farl"), FACE, "in the order of FaRL (facer), recognised"
    ),
    "another order with left and right of the image": case(
        lambda: to_order(swap_sides(FACE), "bisenet"), FACE, "Its left and right were the image's"
    ),
    "label map with regions where no face has them, no order certain": case(
        unlikely, unlikely(), "lie where no face has them"
    ),
    "label map as grey JPEG of lower quality": case(
        lambda: encoded(FACE, "JPEG", quality=60), None, "JPEG of strong compression"
    ),
    "part mask, white on black, region in its file's name": case(
        lambda: named(encoded(np.dstack([WHITE_HAIR] * 3))),
        ONLY_HAIR,
        "a mask of one part, Hair, as its file's name says",
    ),
    "part mask as 1 bit": case(
        lambda: named(encoded(Image.fromarray(FACE == HAIR))), ONLY_HAIR, "a mask of one part"
    ),
    "part mask, palette of black and white": case(
        lambda: named(encoded(black_and_white())), ONLY_HAIR, "a mask of one part"
    ),
    "part mask, region named by the caller": case(
        lambda: FACE == HAIR, ONLY_HAIR, "as asked", region="hair"
    ),
    "part mask without a name": case(lambda: encoded(WHITE_HAIR), None, "nothing tells the region"),
    "values 0 and 1 only": case(
        lambda: (FACE == HAIR).astype(np.uint8),
        (FACE == HAIR).astype(np.uint8),
        "labels 0 and 1 only, read as skin",
    ),
    "several part files, or a mapping from regions to masks": case(
        parts, FACE, "Put together from"
    ),
    "several files, one of them no part mask": case(
        lambda: [named(encoded(WHITE_HAIR)), named(encoded(FACE), "skin.png")],
        None,
        "is not a mask of one part",
    ),
    "torch tensor (H, W), (1, H, W) or (H, W, 1)": case(
        lambda: torch.from_numpy(FACE)[None].long(), FACE, ""
    ),
    "array of labels as fractions (float)": case(
        lambda: torch.from_numpy(FACE)[..., None].bfloat16(), FACE, "array of float32"
    ),
    "labels / 255, as ToTensor makes them": case(
        lambda: torch.from_numpy(FACE)[None].float() / 255, FACE, "divided by 255"
    ),
    "colours as fractions of 1, channels first": case(
        lambda: torch.from_numpy(colorize(FACE)).permute(2, 0, 1) / 255, FACE, "fractions of 1"
    ),
    "scores or one-hot, (19, H, W)": case(
        lambda: np.stack(list(parts().values())), FACE, "19 channels"
    ),
    "nested list": case(lambda: SMALL.tolist(), SMALL, ""),
    "transparency": case(transparent, ONLY_HAIR, "Transparent"),
    "several images in one file (GIF, TIFF, APNG)": case(frames, FACE, "several images"),
    "another size than the image's": case(
        lambda: index_png(FACE), SMALL, "Resized from", size=(64, 64)
    ),
    "all background": case(lambda: FACE * 0, FACE * 0, "The mask is empty"),
    "a photograph": case(photograph, None, "colours of no region"),
    "a value over 18": case(lambda: FACE + np.uint8(2), None, "is not a region"),
    "no mask, None": case(lambda: None, None, "There is no mask"),
    "a foreign type": case(object, None, "cannot be read"),
    "no image, a damaged file": case(lambda: b"text", None, "not an image"),
    "more than 16.8 megapixels": case(
        lambda: encoded(Image.new("1", (5000, 5000))), None, "megapixels"
    ),
}

SOFT_ROWS: dict[str, tuple[Callable[[], Any], np.ndarray, str]] = {
    "colour image, softened edges": (
        lambda: cv2.resize(
            colorize(resize_label_map(FACE, 256, 256)), (512, 512), interpolation=cv2.INTER_LINEAR
        ),
        FACE,
        "Softened edges",
    ),
    "label map enlarged with smoothing": (lambda: enlarged(FACE), FACE, "Softened labels"),
    "label map as grey JPEG of quality 80 and more": (
        lambda: encoded(FACE, "JPEG", quality=90),
        FACE,
        "Softened labels",
    ),
    "part mask of softened edge": (
        lambda: named(encoded(enlarged(WHITE_HAIR, 4), "JPEG"), "00000_hair.jpg"),
        ONLY_HAIR,
        "Its edge was softened",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_becomes_what_it_says(row: str) -> None:
    """Before, foreign orders and black-and-white palettes were read as other regions, silently."""
    make, expected, said, options = ROWS[row]
    if expected is None:
        with pytest.raises(MaskError, match=said.replace("(", r"\(").replace(")", r"\)")):
            read_mask(make(), **options)
        return
    reading = read_mask(make(), **options)
    assert np.array_equal(reading.label_map, expected)
    assert said in " ".join(reading.notes)
    assert said or not reading.notes


@pytest.mark.parametrize("row", SOFT_ROWS)
def test_a_softened_mask_becomes_nearly_what_it_was_without_new_regions(row: str) -> None:
    """Taken as labels, 5.5 % of the pixels were wrong and seven regions were invented."""
    make, expected, said = SOFT_ROWS[row]
    reading = read_mask(make())
    assert (reading.label_map != expected).mean() < 0.02
    assert set(np.unique(reading.label_map)) == set(np.unique(expected))
    assert said in " ".join(reading.notes)


def test_the_table_in_the_docs_has_these_rows() -> None:
    lines = (ROOT / "docs/masks.md").read_text("utf8").split("## Exporting")[0].splitlines()
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines if line[:2] == "| "]
    table = {row[0].removeprefix("| "): row[2].removesuffix(" |") for row in cells[1:]}
    said = {row: said for row, (_, _, said, _) in ROWS.items()}
    said |= {row: said for row, (_, _, said) in SOFT_ROWS.items()}
    assert set(table) == set(said)
    for row, text in said.items():
        assert f'"{text}' in table[row] if text else table[row] == "nothing"
