"""An edit goes back into its photograph and touches nothing else there."""

from __future__ import annotations

import numpy as np
import pytest
from photo_scenes import room

from facemogle.photo.crop import Crop
from facemogle.photo.pasting import paste

PHOTO = room((600, 800))
CROP = Crop.around(np.array([430.0, 280]), np.array([120.0, 35]), 256)


def test_nothing_changed_is_the_very_photograph() -> None:
    """Pasting the whole crop back would soften it, as it was resampled twice."""
    before = CROP.cut(PHOTO)
    assert np.array_equal(paste(PHOTO, before, before.copy(), CROP), PHOTO)


@pytest.mark.parametrize("side", [64, 256, 512])
def test_an_edit_lands_where_it_was_made_and_only_there(side: int) -> None:
    crop = CROP.resized(side)
    before = crop.cut(PHOTO)
    after = before.copy()
    low, high = side * 3 // 8, side * 5 // 8
    after[low:high, low:high] = (250, 20, 20)
    result = paste(PHOTO, before, after, crop)
    changed = (result != PHOTO).any(2)
    assert result.shape == PHOTO.shape and changed.any()
    y, x = np.argwhere(changed).T
    where = crop.from_image(np.stack([x, y], 1) + 0.5) / side
    assert (where > 0.28).all() and (where < 0.72).all()
    assert result[280, 430, 0] > result[280, 430, 1] + 80  # the middle of the crop
    assert np.array_equal(PHOTO, room((600, 800)))  # what was given is left alone


def test_a_new_light_is_matched_to_the_photograph() -> None:
    """A crop generated again as a whole was seen as a square of another brightness."""
    before = CROP.cut(PHOTO)
    after = (before * 0.75 + 40).clip(0, 255).astype(np.uint8)
    result = paste(PHOTO, before, after, CROP).astype(int)
    edge = CROP.to_image(np.array([[128.0, 12], [12, 128], [244, 128], [128, 244]])).astype(int)
    for x, y in edge:
        assert np.abs(result[y, x] - PHOTO[y, x]).max() < 14


def test_an_edit_at_the_photographs_own_border_reaches_it() -> None:
    crop = Crop.whole(PHOTO.shape[:2], 256)
    before = crop.cut(PHOTO)
    after = 255 - before
    result = paste(PHOTO, before, after, crop)
    assert result.shape == PHOTO.shape
    assert (result != PHOTO).any(2)[[0, -1, 300, 300], [400, 400, 0, -1]].all()


def test_a_whole_crop_keeps_an_images_proportions() -> None:
    """An image of 600x800 came back squashed."""
    portrait = np.ascontiguousarray(PHOTO.transpose(1, 0, 2))
    crop = Crop.whole(portrait.shape[:2], 400)
    square = crop.cut(portrait)
    assert np.abs(square[:, 50:350].astype(int) - portrait[::2, ::2]).mean() < 6
    labels = np.zeros((800, 600), np.uint8)
    labels[100:300, 150:450] = 13
    cut = crop.cut_labels(labels)
    assert cut[50:150, 125:275].min() == 13 and (cut == 13).mean() == pytest.approx(
        1 / 400 / 400 * 15000, rel=0.02
    )
