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
from facemogle.masks.label_orders import LABEL_ORDERS, OURS, from_order, recognise_order, to_order
from facemogle.masks.part_names import region_of_name
from facemogle.masks.reading import UnnamedPartError, read_mask
from facemogle.masks.regions import NUM_REGIONS, REGIONS

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
    return {region.name: region.index == FACE for region in REGIONS}


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
        "is no mask of one part",
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
    "a value over 18": case(lambda: FACE + np.uint8(2), None, "is no region"),
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
    lines = (ROOT / "docs/masks.md").read_text("utf8").split("## Out of")[0].splitlines()
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines if line[:2] == "| "]
    table = {row[0].removeprefix("| "): row[2].removesuffix(" |") for row in cells[1:]}
    said = {row: said for row, (_, _, said, _) in ROWS.items()}
    said |= {row: said for row, (_, _, said) in SOFT_ROWS.items()}
    assert set(table) == set(said)
    for row, text in said.items():
        assert f'"{text}' in table[row] if text else table[row] == "nothing"


# Label orders


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_our_maps_are_ours_and_converted_ones_are_recognised(path: Path) -> None:
    """A map of ours that was taken for another order would be ruined in silence."""
    label_map = read_mask(path).label_map
    for size in (64, 128, 512):
        small = resize_label_map(label_map, size, size)
        assert recognise_order(small) == (OURS, ())
        for name in ("bisenet", "lapa", "farl"):
            assert recognise_order(to_order(small, name))[0] == name


def test_every_drawing_of_few_regions_stays_ours() -> None:
    """Someone who begins to paint has a hat, or hair at the neck's place: no order tells that."""
    draw = np.random.default_rng(0)
    for _ in range(200):
        label_map = np.zeros((64, 64), np.uint8)
        for _ in range(draw.integers(1, 6)):
            (y, x), side = draw.integers(0, 48, 2), draw.integers(4, 30)
            label_map[y : y + side, x : x + side] = draw.integers(0, NUM_REGIONS)
        assert recognise_order(label_map)[0] == OURS


def test_converting_there_and_back_changes_nothing() -> None:
    whole = np.arange(NUM_REGIONS, dtype=np.uint8).reshape(1, -1)
    for name in ("bisenet", "farl"):
        assert np.array_equal(from_order(to_order(whole, name), name), whole)
    assert to_order(whole, "lapa").max() == 10


def test_a_named_order_is_not_guessed() -> None:
    foreign = to_order(FACE, "bisenet")
    assert np.array_equal(read_mask(foreign, labels=OURS).label_map, foreign)
    assert np.array_equal(read_mask(foreign, labels="bisenet").label_map, FACE)
    helen = read_mask(to_order(FACE, "lapa"), labels="helen").label_map
    assert np.array_equal(helen, LAPA_FACE)
    with pytest.raises(MaskError, match=r"Label 17 is none of the 11 of LaPa"):
        read_mask(foreign, labels="lapa")
    with pytest.raises(MaskError, match="'ade20k'"):
        read_mask(foreign, labels="ade20k")


def test_the_palette_says_what_the_labels_are() -> None:
    """The page sends drawings as indexed PNG: a wild one must not be rearranged."""
    wild = to_order(FACE, "bisenet")
    assert np.array_equal(read_mask(index_png(wild)).label_map, wild)


# Part masks


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("00000_hair.png", "hair"),
        ("27000_l_eye.PNG", "l_eye"),
        ("00000_ear_r.png", "ear_r"),
        ("00000_neck_l.png", "neck_l"),
        ("hat_hair.png", "hair"),
        ("C:\\masks\\Upper lip.jpg", "u_lip"),
        ("left-eyebrow.mask.png", "l_brow"),
        ("hair_L.png", "hair"),
        ("chair.png", None),
        ("hat_and_hair_2.png", None),
        ("mask.png", None),
        (None, None),
    ],
)
def test_regions_are_read_from_names(name: str | None, region: str | None) -> None:
    index = region_of_name(name)
    assert (None if index is None else REGIONS[index].name) == region


def test_files_of_the_data_set_make_one_mask(tmp_path: Path) -> None:
    """Of 19 files one was looked at. Where parts overlap, the data set's own order decides."""
    for region in REGIONS:
        inside = np.isin(FACE, [1, 2, 4, 5, 6, 7, 11, 12]) if region.index == SKIN else None
        inside = region.index == FACE if inside is None else inside
        white = np.repeat(inside[..., None], 3, axis=2).astype(np.uint8) * 255
        (tmp_path / f"00000_{region.name}.png").write_bytes(encoded(white))
    reading = read_mask(sorted(tmp_path.glob("*.png")))
    assert np.array_equal(reading.label_map, FACE)


def test_parts_of_two_sizes_are_refused() -> None:
    with pytest.raises(MaskError, match=r"hair has 64x64 pixels, another part 512x512"):
        read_mask({"skin": FACE == SKIN, "hair": SMALL == HAIR})


def test_an_unnamed_part_can_be_told_from_other_errors() -> None:
    """The page asks for the region then, and for nothing else."""
    for source in (WHITE_HAIR, FACE == HAIR, encoded(black_and_white())):
        with pytest.raises(UnnamedPartError):
            read_mask(source)
    with pytest.raises(MaskError, match="it is no mask of one part") as caught:
        read_mask(FACE, region="hair")
    assert not isinstance(caught.value, UnnamedPartError)


def test_a_hard_map_of_small_regions_is_no_softened_one() -> None:
    """At 64 pixels a brow is a line between skin and hair, and its label lies between theirs."""
    for path in TEMPLATES:
        for size in (48, 64, 96, 128):
            small = resize_label_map(read_mask(path).label_map, size, size)
            assert np.array_equal(read_mask(small).label_map, small)


def test_reading_tensors_imports_no_torch() -> None:
    """A look at a mask must not wait seconds for a library that it does not need."""
    import subprocess
    import sys

    code = "import sys, facemogle.masks.reading as r; r.read_mask([[0, 1]]); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_other_orders_cover_every_region_once() -> None:
    for order in LABEL_ORDERS.values():
        assert len(set(order.regions)) == len(order.regions)
