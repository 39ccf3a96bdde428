"""Masks for other programs lose nothing, and come back as they were."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from pathlib import Path
from xml.etree import ElementTree
from zlib import compress

import numpy as np
import pytest

from facemogle.__main__ import main
from facemogle.masks.exporting import layers_of, part_files, svg
from facemogle.masks.label_map import compose_layers, index_png
from facemogle.masks.outlines import outlines
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import REGIONS
from facemogle.ui.layers import LAYER_ORDER
from facemogle.ui.mask_exports import export_mask

ROOT = Path(__file__).parents[1]
HAT = ROOT / "assets/templates/hat.png"
FACE = read_mask(HAT).label_map


def filled(paths: list[list[tuple[int, int]]], shape: tuple[int, int]) -> np.ndarray:
    """What lies within an odd number of closed paths: vertical edges toggle all to their right."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for path in paths:
        for (x, y), (next_x, next_y) in zip(path, path[1:] + path[:1], strict=True):
            assert x == next_x or y == next_y, "edges follow the pixels'"
            crossings[min(y, next_y) : max(y, next_y), x] += x == next_x
    return (crossings.cumsum(axis=1) % 2 == 1)[:, :-1]


def test_outlines_are_exact_for_any_mask() -> None:
    """Outlines through pixels' centres would shrink every region by a pixel."""
    draw = np.random.default_rng(0)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        mask = draw.random((17, 23)) < share
        assert np.array_equal(filled(outlines(mask), mask.shape), mask)
    assert outlines(np.ones((2, 3), bool)) == [[(0, 0), (3, 0), (3, 2), (0, 2)]]


def test_squares_that_touch_at_a_corner_have_outlines_of_their_own() -> None:
    assert len(outlines(np.eye(3, dtype=bool))) == 3


def test_an_svg_has_a_layer_per_region_with_what_lies_beneath() -> None:
    layers = layers_of(FACE)
    layers[13] |= layers[14]  # hair goes on under the hat
    root = ElementTree.fromstring(svg(layers, LAYER_ORDER))
    space = "{http://www.w3.org/2000/svg}"
    groups = root.findall(f"{space}g")
    assert [group.get("id") for group in groups] == [REGIONS[i].name for i in LAYER_ORDER]
    for group, region in zip(groups, LAYER_ORDER, strict=True):
        data = "".join(path.get("d", "") for path in group)
        paths = [corners(one) for one in data.split("Z") if one]
        assert np.array_equal(filled(paths, FACE.shape), layers[region])


def corners(data: str) -> list[tuple[int, int]]:
    """The corners of one closed path of M, H and V."""
    x = y = 0
    found = []
    for command, first, second in re.findall(r"([MHV])(\d+)(?: (\d+))?", data):
        if command == "M":
            x, y = int(first), int(second)
        elif command == "H":
            x = int(first)
        else:
            y = int(first)
        found.append((x, y))
    return found


def test_part_files_make_the_mask_again() -> None:
    files = part_files(FACE, "00000")
    assert "00000_hat.png" in files and "00000_background.png" not in files
    assert np.array_equal(read_mask(files).label_map, FACE)


@pytest.mark.parametrize("form", ["bisenet", "farl", "celebamask", "parts"])
def test_the_command_writes_what_reads_back(form: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert main(["export-mask", "--mask", str(HAT), "--as", form, "-o", str(target)]) == 0
    files = sorted(target.iterdir()) if form == "parts" else [target]
    back = str(tmp_path / "back.png")
    again = ["export-mask", "--mask", *map(str, files), "--as", "celebamask", "-o", back]
    assert main(again) == 0
    assert Path(back).read_bytes() == index_png(FACE)


def test_the_command_explains_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["export-mask", "--mask", "no.png", "--as", "svg", "-o", out]) == 2
    assert "'no.png' cannot be opened" in capsys.readouterr().err
    two = ["--mask", str(HAT), str(HAT), "--region", "hair"]
    assert main(["export-mask", *two, "--as", "svg", "-o", out]) == 2
    assert "--region names one part" in capsys.readouterr().err
    for form, name in (("celebamask", "out.svg"), ("svg", "out.png"), ("parts", "out.png")):
        wrong = tmp_path / name  # a PNG of that name would open nowhere
        assert main(["export-mask", "--mask", str(HAT), "--as", form, "-o", str(wrong)]) == 2
        assert not wrong.exists()


def test_a_template_is_the_mask_enlarged_and_without_specks(tmp_path: Path, capsys) -> None:
    small = FACE[::2, ::2].copy()
    small[10:14, 10:14] = 1  # a speck of skin in the background
    small_file, target = tmp_path / "small.png", tmp_path / "template.png"
    small_file.write_bytes(index_png(small))
    assert main(["template", str(small_file), "-o", str(target)]) == 0
    template = read_mask(target).label_map
    assert template.shape == (512, 512) and not template[:40, :40].any()
    assert (template == FACE).mean() > 0.98
    wide = tmp_path / "wide.png"
    wide.write_bytes(index_png(small[:100]))
    assert main(["template", str(wide), "-o", str(target)]) == 2
    assert "256x100 pixels: give a square mask" in capsys.readouterr().err


def sent(kind: str, words: bytes) -> dict[str, object]:
    return {"kind": kind, "words": b64encode(words).decode(), "order": list(LAYER_ORDER)}


def test_the_page_exports_what_is_visible_of_its_layers() -> None:
    layers = layers_of(FACE)
    layers[13] |= layers[14]
    words = np.zeros(FACE.shape, "<u4")
    for bit, region in enumerate(LAYER_ORDER):
        words |= layers[region].astype("<u4") << bit
    answer = export_mask(sent("bisenet", compress(words.tobytes())))
    assert answer["name"] == "mask_bisenet.png"
    reading = read_mask(b64decode(answer["content"]))
    assert np.array_equal(reading.label_map, compose_layers(layers, LAYER_ORDER))


@pytest.mark.parametrize("words", [b"", b"no zlib", compress(b"abc"), compress(b"abcd" * 3)])
def test_what_is_no_drawing_is_no_export(words: bytes) -> None:
    assert "could not be exported" in export_mask(sent("svg", words))["error"]


def test_an_export_of_gigabytes_is_not_unpacked() -> None:
    """A few kilobytes of zeros would unpack to any size."""
    words = compress(bytes(2**26))
    assert len(b64decode(export_mask(sent("bisenet", words))["content"])) < 2**20
