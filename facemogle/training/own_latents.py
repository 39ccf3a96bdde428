"""Latents of known faces as the model itself makes them, so that a decoder learns to mend them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from facemogle.network.tokens import PIXELS_PER_TOKEN, painted_per_token
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.schedule import make_schedule
from facemogle.training.latent_store import LatentStore, write_whole

FEWEST, MOST = 0.25, 0.63
"""Of sampling's steps, this share is made again, the last ones."""
AT_ONCE = 32


class _Plan(NamedTuple):
    """What is drawn for a face. seed: of its noise. steps: that are made again."""

    seed: int
    steps: int
    caption: str


class OwnLatents:
    """Latents of each face after noise was added and taken away again, made when first asked for.

    The model takes the noise away by the last steps of its own sampling (SDEdit, arXiv 2108.01073),
    with the face's mask and caption: what comes out is the same face, with the small errors that
    images of the model have.

    pipeline: the model. store: of the true latents, whose folder the files share.
    """

    def __init__(self, pipeline: FaceMoGLEPipeline, store: LatentStore) -> None:
        self.pipeline, self.store = pipeline, store

    def of(self, n: int) -> Tensor:
        """Half-precision latents (N, C) of face n."""
        if not self._path(n).is_file():
            self._make([n])
        return load_file(self._path(n))["own"]

    def fill(self, most: int, process: int = 0, processes: int = 1) -> None:
        """Make those of the first so many faces that are missing, many at once, as a GPU likes it.

        process, processes: others do every other face.
        """
        faces = range(process, min(most, len(self.store.faces)), processes)
        missing = [n for n in faces if not self._path(n).is_file()]
        by_steps = sorted(missing, key=lambda n: self._plan(n).steps)
        for _, group in groupby(by_steps, lambda n: self._plan(n).steps):
            alike = list(group)
            for first in range(0, len(alike), AT_ONCE):
                self._make(alike[first : first + AT_ONCE])

    def _path(self, n: int) -> Path:
        return self.store.folder / f"{self.store.faces.ids[n]}.own.safetensors"

    def _plan(self, n: int) -> _Plan:
        name = self.store.faces.ids[n]
        draw = random.Random(name)
        seed, all_steps = draw.getrandbits(32), self.pipeline.config["default_steps"]
        steps = draw.randint(*(max(1, int(share * all_steps)) for share in (FEWEST, MOST)))
        return _Plan(seed, steps, draw.choice(self.store.faces.captions[name]))

    def _make(self, numbers: Sequence[int]) -> None:
        """Make and store those of some faces of which all get the same number of steps."""
        faces, plans = self.store.faces, [self._plan(n) for n in numbers]
        clean = torch.stack([self.store.image(n).float() for n in numbers])
        noise = torch.stack(
            [
                torch.randn(clean.shape[1:], generator=torch.Generator().manual_seed(plan.seed))
                for plan in plans
            ]
        )
        steps = self.pipeline.config["default_steps"]
        levels = np.linspace(1, 1 / steps, steps)[-plans[0].steps :].tolist()
        scheduler = make_schedule(self.pipeline.scheduler, clean.shape[1], len(levels), levels)
        t = float(torch.as_tensor(scheduler.sigmas)[0])
        side = faces.size // PIXELS_PER_TOKEN * painted_per_token(self.pipeline.vae)
        *_, last = self.pipeline.stream(
            [plan.caption for plan in plans],
            [faces.label_map(n) for n in numbers],
            latents=(1 - t) * clean + t * noise,
            sigmas=levels,
            height=side,
            width=side,
        )
        for n, own in zip(numbers, last.latents.half(), strict=True):
            write_whole(self._path(n), {"own": own.clone()})
