"""Edit one region of an image and keep the rest of it.

A finished image is kept with the latents that led to it. An edit samples again inside its area
only: after every step the latents outside are put back to what they were at that noise level, so
that what is new grows into what is old; in the end untouched pixels are pasted back. (Blended
latent diffusion, arXiv 2206.02779, along a stored trajectory.)

>>> before = finished(pipeline.run(pipeline.request(prompt, mask, generator=seeded)))
>>> edit = pipeline.run(pipeline.request(prompt, other_mask, before=before, strength=0.75))
>>> steps = list(edit.steps())
>>> edit.image(steps[-1].latents)

Shapes: H, W pixels of the image, N tokens, C channels of a token.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from facemogle.runs.area import Area
from facemogle.runs.denoising import Changes, Step, Steps
from facemogle.runs.prepare import Denoising
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Change, Request
from facemogle.runs.schedule import make_schedule

DRAFT_CONTEXT = 2
"""Tokens around a change that a draft sees of the image: enough to match it, and soon done."""

Decode = Callable[[Tensor, int, int], Image.Image]
"""Tokens (1, N, C), height and width in pixels -> image."""


class Edit:
    """The run of a request with a `Change`; see `Run`.

    Raises ValueError if the masks do not differ, or for a negative margin.
    """

    def __init__(self, pipeline: Denoising, request: Request, change: Change) -> None:
        self._pipeline, self.before = pipeline, change.before
        self.label_map, self._grid = request.label_map, request.grid
        self.area = change.area or Area.between(
            self.before.label_map, self.label_map, change.margin
        )
        context = DRAFT_CONTEXT if request.is_draft else change.context
        context = pipeline.config["edit_context"] if context is None else context
        self._sampled = None if context is None else tuple(self.area.tokens(context))
        count = request.num_steps
        self.num_steps = max(1, math.ceil(change.strength * count - 1e-9))
        even = np.linspace(1.0, 1 / count, count)[-self.num_steps :].tolist()
        num_tokens = self.before.latents.shape[1]
        schedule = make_schedule(pipeline.scheduler, num_tokens, self.num_steps, even)
        self._levels = torch.as_tensor(schedule.sigmas).tolist()
        self._request = replace(
            request,
            num_steps=self.num_steps,
            noise=self.before.at(self._levels[0]),
            sigmas=tuple(even),
            sampled_tokens=self._sampled,
        )

    @property
    def kept(self) -> float:
        """Share of the pixels that stay what they were."""
        return float((self.area.pixels == 0).mean())

    def steps(self) -> Steps:
        """See `Run`."""
        weights = self.area.weights(self.before.latents.shape[2])
        with closing(self._pipeline.steps(self._request)) as steps:
            step = next(steps)
            while True:
                latents = step.latents
                old = self.before.at(self._levels[step.index + 1]).to(latents)
                latents = torch.lerp(old, latents, weights.to(latents))
                changes = (yield replace(step, latents=latents)) or Changes()
                if changes.latents is None:
                    changes = replace(changes, latents=latents)
                try:
                    step = steps.send(changes)
                except StopIteration:
                    return

    def image(self, latents: Tensor) -> Image.Image:
        """See `Run`: the tokens decoded, and the old image pasted around the area."""
        return self._pasted(latents, self._pipeline.decode)

    def preview(self, latents: Tensor) -> Image.Image:
        """See `Run`."""
        return self._pasted(latents, self._pipeline.preview)

    def recorded(self, done: Sequence[Step], image: np.ndarray) -> Recorded:
        """See `Run`."""
        run = Recorded.from_run(done, image, self.label_map)
        kept = [i for i, time in enumerate(self.before.times) if time > run.times[0]]
        return replace(
            run,
            times=(*(self.before.times[i] for i in kept), *run.times),
            latents=torch.cat([self.before.latents[kept], run.latents]),
        )

    def _pasted(self, latents: Tensor, decode: Decode) -> Image.Image:
        # Predictions of what is kept anyway would be seen at the area's edge.
        kept = self.area.weights(latents.shape[2]).to(latents) == 0
        latents = torch.where(kept, self.before.at(0.0).to(latents), latents)
        return Image.fromarray(self.area.paste(self.before.image, self._decoded(latents, decode)))

    def _decoded(self, latents: Tensor, decode: Decode) -> np.ndarray:
        """Pixels uint8 (H, W, 3); away from what the model saw, they are the old image's."""
        pixels = self.before.image.copy()
        if self._sampled is None:
            return np.asarray(decode(latents, *pixels.shape[:2]))
        rows, columns = np.unravel_index(self._sampled, self._grid)
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        part = latents.unflatten(1, self._grid)[:, top:bottom, left:right]
        side = pixels.shape[0] // self._grid[0]  # painted by a token
        height, width = (side * int(length) for length in (bottom - top, right - left))
        y, x = side * int(top), side * int(left)
        pixels[y : y + height, x : x + width] = decode(part.flatten(1, 2), height, width)
        return pixels
