"""One image on its way: the same four questions for a whole face and for an edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image
from torch import Tensor

from facemogle.runs.denoising import Step, Steps
from facemogle.runs.recorded import Recorded


class Run(Protocol):
    """What makes an image of a request, step by step.

    num_steps: that will be made.
    """

    num_steps: int

    @property
    def kept(self) -> float:
        """Share of the pixels that stay those of the image before."""
        ...

    def steps(self) -> Steps:
        """The steps, once. Closing the generator cancels; sent changes replace the step's."""
        ...

    def preview(self, latents: Tensor) -> Image.Image:
        """About `image`, and sooner. latents: a step's `clean_latents`, (1, N, C)."""
        ...

    def image(self, latents: Tensor) -> Image.Image:
        """The image of tokens (1, N, C): a step's `latents` or `clean_latents`."""
        ...

    def recorded(self, done: Sequence[Step], image: np.ndarray) -> Recorded:
        """What a later edit starts from.

        done: all steps of this run. image: uint8 (H, W, 3), `image` of the last one.
        """
        ...


def finished(run: Run) -> Recorded:
    """Make all steps of a run, and its image."""
    done = list(run.steps())
    return run.recorded(done, np.asarray(run.image(done[-1].latents)))
