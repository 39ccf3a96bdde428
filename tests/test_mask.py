"""Label maps keep their meaning through every format, and unusable masks are refused by name."""

from __future__ import annotations

import io
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from facemogle.masks.reading import (
    MAX_SIDE,
    MaskError,
    changed_regions,
    check_label_map,
    colorize,
    compose_layers,
    decouple,
    index_png,
    mirror,
    palette_png,
    read_mask,
    resize_label_map,
    swap_sides,
)
from facemogle.masks.regions import MIRROR, NUM_REGIONS, PALETTE, SWAPPED_PALETTE

LEFT, RIGHT = (4, 6, 8), (5, 7, 9)


def face(height: int = 96, width: int = 80) -> np.ndarray:
    """Draw a small face with all 19 regions; the person's left is at the right."""
    label_map = np.zeros((height, width), np.uint8)

    def ellipse(region: int, x: float, y: float, rx: float, ry: float) -> None:
        center = (round(x * width), round(y * height))
        cv2.ellipse(
            label_map, center, (round(rx * width), round(ry * height)), 0, 0, 360, region, -1
        )

    ellipse(18, 0.5, 1.0, 0.5, 0.2)
    ellipse(17, 0.5, 0.8, 0.15, 0.2)
    ellipse(16, 0.5, 0.92, 0.1, 0.03)
    ellipse(13, 0.5, 0.42, 0.38, 0.4)
    ellipse(14, 0.5, 0.1, 0.3, 0.1)
    ellipse(1, 0.5, 0.5, 0.28, 0.33)
    for side, (eye, brow, ear) in ((1, LEFT), (-1, RIGHT)):
        ellipse(ear, 0.5 + side * 0.3, 0.5, 0.05, 0.08)
        ellipse(eye, 0.5 + side * 0.12, 0.45, 0.06, 0.03)
        ellipse(brow, 0.5 + side * 0.12, 0.37, 0.07, 0.02)
    ellipse(3, 0.5, 0.45, 0.04, 0.02)
    ellipse(15, 0.8, 0.62, 0.04, 0.03)
    ellipse(2, 0.5, 0.55, 0.05, 0.08)
    ellipse(11, 0.5, 0.69, 0.1, 0.02)
    ellipse(10, 0.5, 0.72, 0.08, 0.02)
    ellipse(12, 0.5, 0.75, 0.1, 0.02)
    return label_map


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=form, **options)
    return stream.getvalue()


def test_the_drawn_face_has_every_region() -> None:
    assert set(np.unique(face())) == set(range(NUM_REGIONS))


# Derived images


def test_decoupling_partitions_the_mask() -> None:
    """The reference command line fed 19 empty local masks, and nothing noticed."""
    label_map = face()
    images = decouple(label_map)
    assert images.shape == (20, *label_map.shape, 3) and images.dtype == np.uint8
    assert set(np.unique(images[1:])) == {0, 255}
    assert (images[1:].astype(int).sum(axis=0) == 255).all()
    assert (images[1:, ..., 0].argmax(axis=0) == label_map).all()
    assert (images[0] == colorize(label_map)).all()


def test_mirroring_twice_changes_nothing_and_once_exchanges_sides() -> None:
    label_map = face()
    assert (mirror(mirror(label_map)) == label_map).all()
    assert (mirror(label_map) == np.array(MIRROR)[label_map[:, ::-1]]).all()
    assert (swap_sides(swap_sides(label_map)) == label_map).all()


@pytest.mark.parametrize("size", [(48, 40), (17, 131), (192, 160), (512, 512)])
def test_resizing_makes_up_no_label(size: tuple[int, int]) -> None:
    """Any smoothing between skin (1) and hair (13) would draw noses, eyes and brows."""
    label_map = np.where(face() == 13, 13, 1).astype(np.uint8)
    resized = resize_label_map(label_map, *size)
    assert resized.shape == size
    assert set(np.unique(resized)) <= {1, 13}


def test_resizing_commutes_with_mirroring() -> None:
    """Nearest neighbour by pixel corners would move every mask to one side."""
    label_map = face(96, 96)
    a, b = resize_label_map(mirror(label_map), 32, 32), mirror(resize_label_map(label_map, 32, 32))
    assert (a == b).all()


def test_later_layers_hide_earlier_ones() -> None:
    layers = np.zeros((NUM_REGIONS, 2, 3), bool)
    layers[1, :, :2] = True
    layers[4, 0, :1] = True
    assert compose_layers(layers, [1, 4]).tolist() == [[4, 1, 0], [1, 1, 0]]
    assert compose_layers(layers, [4, 1]).tolist() == [[1, 1, 0], [1, 1, 0]]


def test_composing_the_layers_of_a_map_gives_the_map() -> None:
    label_map = face()
    layers = label_map == np.arange(NUM_REGIONS)[:, None, None]
    order = random.Random(0).sample(range(NUM_REGIONS), NUM_REGIONS)
    assert (compose_layers(layers, order) == label_map).all()


def test_changed_regions_are_those_that_gained_or_lost_pixels() -> None:
    before = face()
    after = before.copy()
    after[before == 14] = 13
    assert changed_regions(before, after) == (13, 14)
    assert changed_regions(before, before) == ()


# Round trips


def test_every_format_of_ours_reads_back(tmp_path: Path) -> None:
    label_map = face()
    path = tmp_path / "mask.png"
    path.write_bytes(index_png(label_map))
    sources = {
        "path": path,
        "name": str(path),
        "index content": index_png(label_map),
        "open file": io.BytesIO(index_png(label_map)),
        "palette content": palette_png(label_map),
        "colour array": colorize(label_map),
        "labels": label_map.astype(np.int64),
        "image": Image.open(path),
        "grey": encoded(Image.fromarray(label_map)),
        "lossless WebP": encoded(Image.fromarray(colorize(label_map)), "WEBP", lossless=True),
    }
    for name, source in sources.items():
        assert (read_mask(source).label_map == label_map).all(), name


def test_an_indexed_image_is_read_without_a_word() -> None:
    assert read_mask(index_png(face())).notes == ()


def test_indices_decide_over_the_second_palette() -> None:
    """Reading the colours of such a file would exchange left and right."""
    label_map = face()
    image = Image.fromarray(label_map)
    image.putpalette([value for color in SWAPPED_PALETTE for value in color])
    assert (read_mask(encoded(image)).label_map == label_map).all()


def test_indices_decide_over_a_foreign_palette() -> None:
    label_map = face()
    image = Image.fromarray(label_map)
    image.putpalette(np.arange(57, dtype=np.uint8).tobytes())
    assert (read_mask(encoded(image)).label_map == label_map).all()


def test_colours_decide_when_the_palette_was_reordered() -> None:
    """PNG optimisers and GIF writers sort the palette; the indices then are arbitrary."""
    label_map = face()
    order = random.Random(1).sample(range(NUM_REGIONS), NUM_REGIONS)
    image = Image.fromarray(np.argsort(order).astype(np.uint8)[label_map])
    image.putpalette([value for region in order for value in PALETTE[region]])
    reading = read_mask(encoded(image))
    assert (reading.label_map == label_map).all()
    assert "Read by colour" in reading.notes[0]


# Left and right


def test_a_colour_image_names_its_palette_and_its_sides_can_be_exchanged() -> None:
    label_map = face()
    swapped = np.array(SWAPPED_PALETTE, np.uint8)[label_map]

    ours = read_mask(palette_png(label_map))
    assert "second palette" in ours.notes[0] and len(ours.notes) == 1

    theirs = read_mask(swapped)
    assert (theirs.label_map == swap_sides(label_map)).all()
    assert "left eye lies at the left" in theirs.notes[-1]

    corrected = read_mask(swapped, swap_sides=True)
    assert (corrected.label_map == label_map).all()
    assert "as asked" in corrected.notes[-1]


def test_a_colour_image_without_sides_needs_no_warning() -> None:
    reading = read_mask(colorize(np.where(face() == 13, 13, 1)))
    assert "second palette" not in reading.notes[0]


# Sensible treatment


def test_another_size_is_resized_and_said() -> None:
    reading = read_mask(index_png(face(96, 80)), size=(48, 80))
    assert (reading.label_map == resize_label_map(face(96, 80), 48, 80)).all()
    assert "80x96 to 80x48" in reading.notes[0]
    assert "proportions" in reading.notes[1]


def test_a_region_lost_by_resizing_is_named() -> None:
    label_map = np.ones((64, 64), np.uint8)
    label_map[0, 0] = 15
    assert "Earring" in read_mask(label_map, size=(8, 8)).notes[-1]


def test_an_empty_mask_is_allowed_and_said() -> None:
    reading = read_mask(np.zeros((8, 8), np.uint8))
    assert not reading.label_map.any()
    assert "empty" in reading.notes[0]


def test_transparent_pixels_are_background() -> None:
    label_map = face()
    rgba = np.dstack([colorize(label_map), np.full_like(label_map, 255)])
    rgba[:20, :, 3] = 0
    rgba[:20, :, :3] = (1, 2, 3)  # what lies under transparency means nothing
    reading = read_mask(encoded(Image.fromarray(rgba)))
    assert (reading.label_map[20:] == label_map[20:]).all()
    assert not reading.label_map[:20].any()
    assert "Transparent" in reading.notes[0]


def test_transparent_entries_of_an_indexed_image_are_background() -> None:
    label_map = face()
    content = encoded(Image.open(io.BytesIO(index_png(label_map))), transparency=13)
    assert (read_mask(content).label_map == np.where(label_map == 13, 0, label_map)).all()


@pytest.mark.parametrize(
    ("factor", "interpolation"),
    [
        (0.5, cv2.INTER_AREA),
        (1.3, cv2.INTER_LINEAR),
        (2.0, cv2.INTER_LINEAR),
        (4.0, cv2.INTER_LINEAR),
        (2.0, cv2.INTER_CUBIC),
    ],
)
def test_softened_edges_go_to_the_regions_beside_them(factor: float, interpolation: int) -> None:
    """By nearest colour, soft edges of hair become eyes (violet) and lips (dark blue)."""
    label_map = np.zeros((256, 256), np.uint8)
    cv2.circle(label_map, (128, 128), 90, 13, -1)
    cv2.circle(label_map, (128, 140), 60, 1, -1)
    cv2.rectangle(label_map, (90, 225), (166, 255), 18, -1)
    soft = cv2.resize(colorize(label_map), None, fx=factor, fy=factor, interpolation=interpolation)
    reading = read_mask(soft)
    assert set(np.unique(reading.label_map)) == {0, 1, 13, 18}
    hard = resize_label_map(label_map, *soft.shape[:2])
    assert (reading.label_map == hard).mean() > 0.98
    assert "Softened edges" in reading.notes[0]


def test_wide_16_bit_grey_holds_labels() -> None:
    label_map = face()
    reading = read_mask(encoded(Image.fromarray(label_map.astype(np.uint16))))
    assert (reading.label_map == label_map).all()
    assert "8 bits" in reading.notes[0]


# Refused, with value and remedy


def grey(value: int, dtype: type = np.uint8) -> bytes:
    values = face().astype(dtype)
    values[7, 5] = value
    return encoded(Image.fromarray(values))


def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def foreign_region() -> np.ndarray:
    rgb = colorize(face())
    rgb[40:44, 30:34] = (12, 34, 56)
    return rgb


def indexed_over_18() -> bytes:
    image = Image.open(io.BytesIO(index_png(face())))
    image.putpixel((5, 7), 19)
    return encoded(image)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(grey(255), "Label 255 at x 5, y 7", id="grey value"),
        pytest.param(grey(4000, np.uint16), "Label 4000 at x 5, y 7", id="16-bit value"),
        pytest.param(indexed_over_18(), "Label 19 at x 5, y 7", id="index over 18"),
        pytest.param(face() + np.uint8(1), "Label 19 at", id="label over 18"),
        pytest.param(face().astype(np.int16) - 1, "Label -1 at", id="negative label"),
        pytest.param(face() / 18, "float64", id="fractions"),
        pytest.param(face() > 0, "bool", id="one binary mask"),
        pytest.param(np.zeros((0, 4), np.uint8), "(0, 4)", id="no pixels"),
        pytest.param(decouple(face()), "(20, 96, 80, 3)", id="20 images"),
        pytest.param(colorize(face()) / 100, "float64 (96, 80, 3)", id="colours as fractions"),
        pytest.param(foreign_region(), "(12, 34, 56) at x 31, y 41", id="one unknown colour"),
        pytest.param(photo(), "colours of no region", id="photo"),
        pytest.param(
            encoded(Image.fromarray(colorize(face(256, 256))), "JPEG"), "save as PNG", id="JPEG"
        ),
        pytest.param(encoded(Image.fromarray(face() > 0)), "black and white", id="1 bit"),
        pytest.param(b"", "not an image", id="no content"),
        pytest.param(b"GIF is not what this is", "not an image", id="text"),
        pytest.param(index_png(face())[:-200], "damaged or cut off", id="truncated"),
        pytest.param(
            encoded(Image.new("L", (10_000, 5_000))), "10000x5000 = 50.0 mega", id="50 megapixels"
        ),
        pytest.param(np.zeros((5_000, 10_000, 3), np.uint8), "50.0 mega", id="huge array"),
        pytest.param("no/such/mask.png", "no/such/mask.png", id="no file"),
        pytest.param(Path(__file__).parent, "directory", id="a directory"),
    ],
)
def test_unusable_masks_are_refused_by_name(source: object, said: str) -> None:
    with pytest.raises(MaskError) as caught:
        read_mask(source)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert len(str(caught.value).split(". ")) >= 2, "what was found, and the remedy"


def test_a_large_image_is_refused_before_it_is_decoded() -> None:
    """Decoding first would let a small upload fill the memory."""
    content = encoded(Image.new("RGB", (MAX_SIDE, MAX_SIDE + 1)))
    with pytest.raises(MaskError, match="megapixels"):
        read_mask(content[:200])  # nothing of it could be decoded


def test_damaged_files_never_raise_anything_else() -> None:
    """Pillow raises half a dozen kinds of errors on broken files."""
    draw = random.Random(0)
    for original in (index_png(face()), palette_png(face())):
        for _ in range(300):
            content = bytearray(original[: draw.randrange(1, len(original))])
            for _ in range(draw.randrange(4)):
                content[draw.randrange(len(content))] = draw.randrange(256)
            try:
                check_label_map(read_mask(bytes(content)).label_map)
            except MaskError:
                continue
