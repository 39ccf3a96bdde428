"""Where an edit may change an image, and how what is new is pasted into what was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facemogle.masks.label_map import changed_regions
from facemogle.network.tokens import PIXELS_PER_LATENT, PIXELS_PER_TOKEN, pack
from facemogle.runs.light import spread_offset

if TYPE_CHECKING:
    from torch import Tensor

REDRAWN = 0.25
"""A touched region of which this share changed is generated again as a whole: an eye that was
moved, but not all of the skin around it."""

_MARGINS_PER_SIDE = 16


@dataclass(frozen=True, eq=False)
class Area:
    """Where an edit may change the image.

    Shapes: h, w pixels of the mask, H, W of the image, which may be larger by a whole factor.

    pixels: float32 (h, w) in [0, 1]: 1 = new, 0 = as it was, between them a feathered edge.
    """

    pixels: np.ndarray

    @classmethod
    def between(cls, before: np.ndarray, after: np.ndarray, margin: int | None = None) -> Area:
        """What differs between two label maps, and a margin around it.

        before, after: uint8 (h, w). margin: pixels from what changed to where nothing may change
            any more; its outer half is feathered. None = 1/16 of the shorter side.
        Raises ValueError if nothing differs, or for a negative margin.
        """
        reach = min(before.shape) // _MARGINS_PER_SIDE if margin is None else margin
        if reach < 0:
            raise ValueError(f"margin is {margin}: give 0 pixels or more.")
        changed = before != after
        touched = changed_regions(before, after)
        if not touched:
            raise ValueError("The mask has not changed: change it, or generate the whole face.")
        core = changed.copy()
        for region in touched:
            area = (before == region) | (after == region)
            if changed[area].mean() >= REDRAWN:
                core |= area
        if reach == 0:
            return cls(core.astype(np.float32))
        distance = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5)
        return cls(np.clip((reach - distance) / (reach / 2), 0, 1).astype(np.float32))

    @classmethod
    def everything(cls, size: tuple[int, int]) -> Area:
        """All of an image whose mask has (height, width) pixels."""
        return cls(np.ones(size, np.float32))

    def tokens(self, context: int) -> list[int]:
        """Indices of the tokens in which something may change, and of those around them.

        context: how many tokens around, in every direction.
        """
        rows, columns = (length // PIXELS_PER_TOKEN for length in self.pixels.shape)
        blocks = self.pixels.reshape(rows, PIXELS_PER_TOKEN, columns, PIXELS_PER_TOKEN)
        inside = np.asarray((blocks > 0).any(axis=(1, 3)), np.uint8)
        near = cv2.dilate(inside, np.ones((2 * context + 1,) * 2, np.uint8))
        return np.flatnonzero(near).tolist()

    def weights(self, channels: int) -> Tensor:
        """Share of what is new in every token's channels, float32 (1, N, channels).

        A latent is as new as its newest pixel.
        """
        import torch  # late: the page opens without it

        rows, columns = (length // PIXELS_PER_LATENT for length in self.pixels.shape)
        blocks = self.pixels.reshape(rows, PIXELS_PER_LATENT, columns, PIXELS_PER_LATENT)
        newest = torch.from_numpy(blocks.max(axis=(1, 3)))
        return pack(newest.expand(1, channels // 4, rows, columns))

    def of_size(self, size: tuple[int, int]) -> np.ndarray:
        """`pixels` for an image of (height, width), a whole multiple of the mask's: float32."""
        if size == self.pixels.shape:
            return self.pixels
        height, width = size
        smooth = cv2.resize(self.pixels, (width, height), interpolation=cv2.INTER_LINEAR)
        nearest = cv2.resize(self.pixels, (width, height), interpolation=cv2.INTER_NEAREST)
        return np.where(nearest > 0, smooth, 0)  # a pixel that is kept lets none change beside it

    def paste(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The new image inside, the old one's very pixels outside. All uint8 (H, W, 3).

        What is new takes on the light of its surroundings: a model that was not told of them, such
        as of a photograph's dark skin, chooses its own. So the difference of the two images in the
        feathered edge, where both should show the same, is spread inwards as a smooth offset.
        """
        share = self.of_size(before.shape[:2])
        offset = spread_offset(before.astype(np.float32) - after, share)
        share = share[..., None]
        mixed = np.clip(share * (after + offset) + (1 - share) * before, 0, 255)
        return np.where(share == 0, before, np.rint(mixed).astype(np.uint8))
