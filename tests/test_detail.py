"""Fine detail: blur takes it away, noise adds it, and what is coarse does not count."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.evaluation.detail import detail, fine_energies, fine_energy


def waves(cycles: float, size: int = 256) -> np.ndarray:
    """Vertical stripes, so many cycles a pixel at 256 pixels: uint8 (size, size, 3)."""
    x = np.arange(size) * 256 / size
    row = np.round(127 + 100 * np.sin(2 * np.pi * cycles * x)).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (size, size, 3)).copy()


def test_only_what_is_finer_than_half_of_nyquist_counts() -> None:
    assert fine_energy(waves(0.3), 256) > 1e4 * fine_energy(waves(0.2), 256)


def test_an_image_enlarged_has_no_detail_that_it_lacked() -> None:
    """At its own size it is about what it was, and at the larger one there is little."""
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    large = cv2.resize(image, (512, 512), interpolation=cv2.INTER_LANCZOS4)
    assert 0.5 < fine_energy(large, 256) / fine_energy(image, 256) < 1.1
    real = np.random.default_rng(1).integers(0, 256, (512, 512, 3), np.uint8)
    assert fine_energy(large, 512) < 0.3 * fine_energy(real, 512)


def test_the_table_says_how_much_of_the_renders_detail_is_there() -> None:
    draw = np.random.default_rng(0)
    real = draw.integers(0, 256, (3, 512, 512, 3), np.uint8)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in real])
    rows = dict(detail(fine_energies(blurred), fine_energies(real)).rows)
    assert list(rows) == ["at 256 pixels", "at 512 pixels"]
    for values in rows.values():
        faces, median, low, high = (float(value or 0) for value in values)
        assert faces == 3 and low <= median <= high < 0.2
    same = detail(fine_energies(real[:, :256, :256]), fine_energies(real[:, :256, :256]))
    assert same.rows == [("at 256 pixels", (3, 1.0, 1.0, 1.0))]
