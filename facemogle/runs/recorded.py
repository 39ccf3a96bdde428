"""A finished image with the way that led to it: what an edit starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from facemogle.runs.denoising import Step


@dataclass(frozen=True, eq=False)
class Recorded:
    """An image that was accepted, with the way that led to it.

    Shapes: H, W pixels of the image, h, w of its mask, N tokens, C channels of a token, K noise
    levels.

    label_map: uint8 (h, w). image: uint8 (H, W, 3).
    times: K noise levels, falling from 1 = noise to 0 = image.
    latents: tokens at these levels (K, N, C).
    """

    label_map: np.ndarray
    image: np.ndarray
    times: tuple[float, ...]
    latents: Tensor

    @classmethod
    def from_run(cls, done: Sequence[Step], image: np.ndarray, label_map: np.ndarray) -> Recorded:
        """Keep a whole run. done: all of its steps. image: uint8 (H, W, 3), their last one's."""
        import torch  # late: the page opens without it

        first = done[0]
        start = first.clean_latents + first.t * first.velocity  # what the step started from
        return cls(
            label_map,
            image,
            (*(step.t for step in done), 0.0),
            torch.cat([start, *(step.latents for step in done)]).cpu(),
        )

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.image.nbytes + self.label_map.nbytes + self.latents.nbytes

    def at(self, time: float) -> Tensor:
        """Tokens (1, N, C) at a noise level in [0, 1]; straight between two that were kept.

        Sampling itself goes straight from level to level, so this is where it passed.
        """
        levels = np.array(self.times[::-1])
        later = int(np.clip(np.searchsorted(levels, time), 1, len(levels) - 1))
        low, high = levels[later - 1], levels[later]
        share = float((time - low) / (high - low))
        after, before = self.latents[-later], self.latents[-1 - later]
        if share in (0.0, 1.0):  # a kept level must come back bit for bit
            return (before if share else after)[None]
        return after.lerp(before, min(max(share, 0.0), 1.0))[None]
