"""Latents of known faces as the model itself makes them, so that a decoder learns to mend them."""

from __future__ import annotations

import random

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from facemogle.network.tokens import PIXELS_PER_TOKEN, painted_per_token
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.schedule import make_schedule
from facemogle.training.latent_store import LatentStore, write_whole

FEWEST, MOST = 2, 5
"""Of the last steps of sampling, so many are made again."""


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
        path = self.store.folder / f"{self.store.faces.ids[n]}.own.safetensors"
        if not path.is_file():
            write_whole(path, {"own": self._made(n).half().clone()})
        return load_file(path)["own"]

    def _made(self, n: int) -> Tensor:
        faces, name = self.store.faces, self.store.faces.ids[n]
        draw = random.Random(name)
        generator = torch.Generator().manual_seed(draw.getrandbits(32))
        clean = self.store.image(n).float()[None]
        steps = self.pipeline.config["default_steps"]
        levels = np.linspace(1, 1 / steps, steps)[-draw.randint(FEWEST, MOST) :].tolist()
        scheduler = make_schedule(self.pipeline.scheduler, clean.shape[1], len(levels), levels)
        t = float(torch.as_tensor(scheduler.sigmas)[0])
        side = faces.size // PIXELS_PER_TOKEN * painted_per_token(self.pipeline.vae)
        noise = torch.randn(clean.shape, generator=generator)
        *_, last = self.pipeline.stream(
            draw.choice(faces.captions[name]),
            faces.label_map(n),
            latents=(1 - t) * clean + t * noise,
            sigmas=levels,
            height=side,
            width=side,
        )
        return last.latents[0]
