"""The table that says whether rendered label maps look like annotated ones."""

from __future__ import annotations

import numpy as np
import pytest

from facemogle.__main__ import main
from facemogle.masks.reading import index_png, palette_png
from facemogle.masks.regions import REGIONS
from facemogle.render.statistics import area_statistics, read_folder, table


def half(region: int, size: int = 8) -> np.ndarray:
    """uint8 (size, size): the region in the upper half, background below."""
    label_map = np.zeros((size, size), np.uint8)
    label_map[: size // 2] = region
    return label_map


def test_absent_regions_do_not_thin_out_the_area() -> None:
    """Averaged over all images, rare hats would look like small hats."""
    statistics = area_statistics([half(14), half(1), half(1), half(1)])
    assert statistics.mean[14] == statistics.mean[1] == 0.5
    assert statistics.share[14] == 0.25 and statistics.share[1] == 0.75
    assert statistics.mean[3] == statistics.share[3] == 0
    assert statistics.spread.tolist() == [0] * 19


def test_areas_do_not_depend_on_the_image_size() -> None:
    """Real maps have 512 pixels a side, rendered ones 256."""
    statistics = area_statistics([half(1, 8), half(1, 32)])
    assert statistics.mean[1] == 0.5 and statistics.spread[1] == 0


def test_spread_is_the_standard_deviation_over_images_that_show_the_region() -> None:
    quarter = half(13)
    quarter[2:4] = 0
    statistics = area_statistics([half(13), quarter, half(1)])
    assert statistics.mean[13] == pytest.approx(0.375)
    assert statistics.spread[13] == pytest.approx(0.125)


def test_folders_are_read_in_every_mask_format(tmp_path) -> None:
    """Real maps come as colour images, rendered ones as indices, in folders of their own."""
    (tmp_path / "below").mkdir()
    (tmp_path / "a.png").write_bytes(index_png(half(13)))
    (tmp_path / "below" / "b.png").write_bytes(palette_png(half(13)))
    (tmp_path / "notes.txt").write_text("no label map")
    statistics = read_folder(tmp_path)
    assert statistics.count == 2 and statistics.mean[13] == 0.5 and statistics.share[13] == 1


def test_the_table_marks_what_is_far_off() -> None:
    """A ratio the wrong way round would send the renderer's author in the wrong direction."""
    small = half(13)
    small[1:4] = 0
    text = table(area_statistics([small]), area_statistics([half(13)]))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[2:]}
    assert list(rows) == [region.name for region in REGIONS]
    assert rows["hair"] == ["12.50", "0.00", "100.0", "50.00", "0.00", "100.0", "0.25", "!"]
    assert rows["hat"][-1] == "-"
    same = table(area_statistics([half(13)]), area_statistics([half(13)]))
    assert "!" not in same


def test_command_prints_the_table_or_names_the_folder(tmp_path, capsys) -> None:
    (tmp_path / "a.png").write_bytes(index_png(half(13)))
    arguments = ["--labels", str(tmp_path), "--reference"]
    assert main(["statistics", *arguments, str(tmp_path)]) == 0
    assert "hair" in capsys.readouterr().out
    assert main(["statistics", *arguments, str(tmp_path / "nowhere")]) == 2
    assert "nowhere holds no label maps" in capsys.readouterr().err
