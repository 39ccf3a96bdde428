"""All parts of the embedded model, one after the other, in a given time.

First the VAE, then the transformer with all that belongs to it, then the VAE's larger decoder,
which learns from what the transformer makes, and at last the distillation into few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import cast

import torch
from accelerate import PartialState
from diffusers import AutoencoderDC

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.clock import Clock, Until
from facemogle.training.decoder import train_decoder
from facemogle.training.embedded import train_embedded
from facemogle.training.recipe import FlowRecipe, TimedRecipe
from facemogle.training.vae import train_vae
from facemogle.weights.loading import load_pipeline


def train_in_time(
    data: Sequence[str | Path], folder: Path, recipe: TimedRecipe, clock: Clock, seconds: float
) -> FaceMoGLEPipeline:
    """Train all parts until the clock shows so many seconds; the pipeline that paints in few steps
    goes to ``folder/pipeline``, the one that it was distilled from to ``folder/teacher/pipeline``.

    Parts that the clock knows as done are not trained again; one that was stopped goes on.
    """
    teacher = folder / "teacher"
    ends = dict(zip(recipe.shares, accumulate(recipe.shares.values()), strict=True))
    lengths = {name: Until(clock, name, end * seconds) for name, end in ends.items()}

    def vae() -> None:
        train_vae(data, teacher, recipe.vae, lengths["vae"])

    def transformer() -> None:
        train_embedded(data, teacher, recipe.flow, length=lengths["transformer"])

    def decoder() -> None:
        start = _loaded(teacher / "pipeline")
        train_decoder(data, teacher, recipe.decoder, start, lengths["decoder"])

    def few_steps() -> None:
        start = _loaded(teacher / "pipeline")
        start.vae = cast(AutoencoderDC, AutoencoderDC.from_pretrained(teacher / "large_vae"))
        if PartialState().is_main_process:
            start.vae.save_pretrained(folder / "vae")
        PartialState().wait_for_everyone()
        flow = slower(replace(recipe.flow, stages=recipe.flow.stages[-1:]), recipe.few.slower)
        length = lengths["few-steps"]
        train_embedded(data, folder, flow, start, recipe.few, length=length, latents=teacher)

    parts = {"vae": vae, "transformer": transformer, "decoder": decoder, "few-steps": few_steps}
    for name, train in parts.items():
        if name not in clock.done:
            train()
            clock.finish(name)
    return _loaded(folder / "pipeline")


def slower(recipe: FlowRecipe, factor: float) -> FlowRecipe:
    """The recipe with all of its learning rates times a factor."""
    return replace(
        recipe,
        matrix_rate=factor * recipe.matrix_rate,
        rate=factor * recipe.rate,
        expert_rate=factor * recipe.expert_rate,
    )


def _loaded(folder: Path) -> FaceMoGLEPipeline:
    return load_pipeline(folder, device="cpu", torch_dtype=torch.float32)
