"""An edit by two masks keeps the shape of what it was given."""

from __future__ import annotations

import numpy as np
import pytest
from photo_scenes import put, room

from facemogle.photo.framing import EditSquare
from facemogle.photo.opening import PhotoError

HAT, EYES = 14, (4, 5)


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (256, 256)])
def test_an_image_comes_back_in_its_own_shape(size: tuple[int, int]) -> None:
    """600x800 came back as a square, squashed."""
    height, width = size
    photo, before = put(room(size), 34, (width / 2, height / 2), min(size), 0)
    after = before.copy()
    after[height // 2 - 20 : height // 2 + 20, :30] = HAT
    square = EditSquare.of(photo, before, after, 256)
    assert square.image.shape == (256, 256, 3) and (square.after != square.before).any()
    edited = np.where((square.after != square.before)[..., None], np.uint8(255), square.image)
    result = square.put_back(edited)
    assert result.shape == photo.shape
    assert (result[height // 2, :20] > 240).all()
    assert np.array_equal(result[:, width // 2 :], photo[:, width // 2 :])


def test_a_small_face_is_edited_in_its_own_square() -> None:
    """Of a whole photograph, a model of 256 pixels sees a face of 40."""
    photo, before = put(room((900, 1400)), 34, (1000, 400), 240, 20)
    after = np.where(np.isin(before, EYES), np.uint8(3), before)
    square = EditSquare.of(photo, before, after, 256)
    assert square.crop.scale < 1.6
    rows, columns = (np.nonzero(square.before == eye) for eye in EYES)
    assert abs(rows[0].mean() - columns[0].mean()) < 8  # upright
    assert np.array_equal(square.put_back(square.image), photo)


def test_masks_may_have_another_size_but_not_another_shape() -> None:
    photo, before = put(room((600, 800)), 34, (400, 300), 500, 0)
    small = before[::2, ::2]
    square = EditSquare.of(photo, small, np.where(small == 13, np.uint8(HAT), small), 256)
    assert HAT in square.after
    with pytest.raises(PhotoError, match=r"800x600.*mask 512x512"):
        EditSquare.of(photo, before, np.zeros((512, 512), np.uint8), 256)
