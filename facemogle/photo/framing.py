"""The square of an image that an edit by two masks is made in, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.masks.label_map import resize_label_map
from facemogle.photo.crop import Crop
from facemogle.photo.features import NUMBER
from facemogle.photo.opening import PhotoError
from facemogle.photo.pasting import paste

SAME_SHAPE = 0.02
"""How far the proportions of an image and of its mask may differ."""
LARGE = 0.7
"""Share of an image that its face's square has from which the whole image is the better one."""


@dataclass(frozen=True, eq=False)
class EditSquare:
    """What a model edits of an image.

    photo: the image, uint8 (H, W, 3). crop: the square in it. image, before, after: the square's
    pixels, uint8 (S, S, 3), its label map, uint8 (S, S), and that which it is to follow.
    """

    photo: np.ndarray
    crop: Crop
    image: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, photo: np.ndarray, before: np.ndarray, after: np.ndarray, side: int) -> EditSquare:
        """The face's square if all that changes lies in it, else the smallest around the image.

        before, after: label maps of the image, uint8, of its proportions and any size.
        side: pixels of the square. Raises PhotoError for masks of other proportions.
        """
        height, width = photo.shape[:2]
        for mask in (before, after):
            high, wide = mask.shape
            if not same_proportions((high, wide), (height, width)):
                raise PhotoError(
                    f"The image has {width}x{height} pixels and a mask {wide}x{high}. Give masks "
                    "of the image's proportions."
                )
        if before.shape != after.shape:  # sampled apart, they would differ along every outline
            before = resize_label_map(before, *after.shape)
        whole = Crop.whole((height, width), side)
        crop = _face_crop(before, side, width) or whole
        if crop.scale > LARGE * whole.scale or not _holds(crop, before, after, width):
            crop = whole
        cut = [crop.enlarged(mask.shape[1] / width).cut_labels(mask) for mask in (before, after)]
        return cls(photo, crop, crop.cut(photo), *cut)

    def put_back(self, edited: np.ndarray) -> np.ndarray:
        """The image with the edited square in it, uint8 (H, W, 3). edited: uint8 (S, S, 3)."""
        return paste(self.photo, self.image, edited, self.crop)


def same_proportions(mask: tuple[int, int], image: tuple[int, int]) -> bool:
    """Whether a mask can be an image's; both (height, width)."""
    return abs(mask[1] / mask[0] * image[0] / image[1] - 1) <= SAME_SHAPE


def _face_crop(mask: np.ndarray, side: int, width: int) -> Crop | None:
    """CelebA-HQ's square by a label map's eyes and mouth, if it has them."""
    centres = []
    for names in (("r_eye",), ("l_eye",), ("mouth", "u_lip", "l_lip")):
        rows, columns = np.nonzero(np.isin(mask, [NUMBER[name] for name in names]))
        if not rows.size:
            return None
        centres.append(np.array([columns.mean(), rows.mean()]) + 0.5)
    right, left, mouth = centres
    return Crop.of_face(right, left, mouth, side).enlarged(width / mask.shape[1])


def _holds(crop: Crop, before: np.ndarray, after: np.ndarray, width: int) -> bool:
    """Whether all that differs between two label maps lies in a crop."""
    rows, columns = np.nonzero(before != after)
    points = np.stack([columns, rows], 1) + 0.5
    where = crop.from_image(points * width / before.shape[1])
    return bool((where > 0).all() and (where < crop.side).all())
