"""A whole face, from noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from facemogle.runs.denoising import Step, Steps
from facemogle.runs.prepare import Denoising
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request


class Face:
    """The run of a request for one whole face; see `Run`."""

    kept = 0.0

    def __init__(self, pipeline: Denoising, request: Request) -> None:
        self.num_steps = request.num_steps
        self._pipeline, self._request = pipeline, request
        self._size = pipeline.image_size(request.grid)

    def steps(self) -> Steps:
        """See `Run`."""
        return self._pipeline.steps(self._request)

    def preview(self, latents: Tensor) -> Image.Image:
        """See `Run`."""
        return self._pipeline.preview(latents, *self._size)

    def image(self, latents: Tensor) -> Image.Image:
        """See `Run`."""
        return self._pipeline.decode(latents, *self._size)

    def recorded(self, done: Sequence[Step], image: np.ndarray) -> Recorded:
        """See `Run`."""
        return Recorded.from_run(done, image, self._request.label_map)
