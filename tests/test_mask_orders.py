"""Other label orders, masks of parts, small maps: what must not be confused with one another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_mask_inputs import (
    FACE,
    HAIR,
    LAPA_FACE,
    ROOT,
    SKIN,
    SMALL,
    TEMPLATES,
    WHITE_HAIR,
    black_and_white,
    encoded,
)

from facemogle.masks.label_map import MaskError, index_png, resize_label_map
from facemogle.masks.label_orders import LABEL_ORDERS, OURS, from_order, recognise_order, to_order
from facemogle.masks.part_names import region_of_name
from facemogle.masks.reading import UnnamedPartError, read_mask
from facemogle.masks.regions import NUM_REGIONS, REGIONS


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
    with pytest.raises(MaskError, match=r"Label 17 is not one of the 11 of LaPa"):
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
        white = np.dstack([inside] * 3).astype(np.uint8) * 255
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
    with pytest.raises(MaskError, match="it is not a mask of one part") as caught:
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
    code = "import sys, facemogle.masks.reading as r; r.read_mask([[0, 1]]); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_other_orders_cover_every_region_once() -> None:
    for order in LABEL_ORDERS.values():
        assert len(set(order.regions)) == len(order.regions)
