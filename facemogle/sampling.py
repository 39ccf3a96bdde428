"""The denoising loop: noise -> picture tokens, one `Step` at a time.

Shapes: N image tokens on a grid of (rows, columns), R = 20 experts, C channels of a token, T text
tokens. One picture at a time.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from facemogle.latents import position_ids
from facemogle.mogle import MoGLE
from facemogle.prompt import Text
from facemogle.transformer import FaceMoGLETransformer


@dataclass(frozen=True, eq=False)
class Step:
    """One denoising step.

    index: 0 .. num_inference_steps - 1.
    t: in [0, 1], 1 = noise; where the step started from.
    latents: tokens (1, N, C) after the step.
    clean_latents: the picture x0 = x_t - t * velocity that the step predicts (1, N, C).
    velocity: predicted x1 - x0 (1, N, C).
    condition_tokens: the experts' mixed outputs (1, N, C); None without a mask.
    gate_weights: weight of each expert at each token (N, R), summing to 1; None without a mask.
    """

    index: int
    t: float
    latents: Tensor
    clean_latents: Tensor
    velocity: Tensor
    condition_tokens: Tensor | None
    gate_weights: Tensor | None


Steps = Generator[Step, Tensor | None, None]
"""Steps as they are made. `close()` cancels the rest; `send(latents)` goes on from these instead
of the last step's."""


def make_schedule(
    scheduler: FlowMatchEulerDiscreteScheduler,
    num_tokens: int,
    num_steps: int,
    sigmas: Sequence[float] | None = None,
    timesteps: Sequence[float] | None = None,
) -> FlowMatchEulerDiscreteScheduler:
    """A copy of the scheduler, set to FLUX's noise levels: evenly spaced, then shifted.

    num_tokens: N; more tokens shift the levels towards noise.
    sigmas: noise levels in [0, 1] before the shift, in place of the even ones.
    timesteps: what the models are told instead of sigma * 1000 after the shift.
    """
    scheduler = copy.deepcopy(scheduler)
    if sigmas is None:
        sigmas = np.linspace(1.0, 1 / num_steps, num_steps)
    shift = dynamic_shift(scheduler.config, num_tokens)
    scheduler.set_timesteps(sigmas=sigmas, timesteps=timesteps, mu=shift)
    scheduler.set_begin_index(0)
    return scheduler


def dynamic_shift(config: Any, num_tokens: int) -> float:
    """FLUX's shift parameter mu: linear in the number of tokens, through two given points."""
    slope = (config.max_shift - config.base_shift) / (
        config.max_image_seq_len - config.base_image_seq_len
    )
    return config.base_shift + slope * (num_tokens - config.base_image_seq_len)


def denoise(
    transformer: FaceMoGLETransformer,
    mogle: MoGLE,
    schedule: FlowMatchEulerDiscreteScheduler,
    latents: Tensor,
    grid: tuple[int, int],
    text: Text,
    guidance_scale: float,
    condition_latents: Tensor | None,
) -> Steps:
    """Follow the velocity from noise to picture: x <- x + (t_next - t) * v(x, t).

    schedule: from `make_schedule`. latents: noise (1, N, C). condition_latents: the 20 mask
    pictures' tokens (1, R, N, C), or None for text alone.
    """
    device, dtype = latents.device, latents.dtype
    image_ids = position_ids(grid).to(device)
    text_ids = torch.zeros(text.sequence.shape[1], 3, device=device)
    guidance = None
    if transformer.config.guidance_embeds:
        guidance = torch.full((1,), guidance_scale, device=device)
    if condition_latents is not None:
        # The experts do not see t or x_t: once per mask is enough.
        expert_tokens = mogle.experts(condition_latents)

    for index, timestep in enumerate(schedule.timesteps):
        t = float(timestep) / schedule.config.num_train_timesteps
        weights = condition_tokens = None
        if condition_latents is not None:
            x_t, time = latents.to(mogle.dtype), torch.tensor([t], dtype=torch.float64)
            weights = mogle.gate(condition_latents[:, 0], x_t, time)
            condition_tokens = mogle.mix(weights, expert_tokens).to(dtype)
        (velocity,) = transformer(
            latents,
            text.sequence,
            text.pooled,
            # Rounded in this order in FluxPipeline too, which shows in half precision.
            timestep.expand(1).to(device, dtype) / schedule.config.num_train_timesteps,
            image_ids,
            text_ids,
            guidance,
            condition_tokens=condition_tokens,
            return_dict=False,
        )
        clean_latents = latents - t * velocity
        (latents,) = schedule.step(velocity, timestep, latents, return_dict=False)
        gate_weights = None if weights is None else weights[0]
        instead = yield Step(
            index, t, latents, clean_latents, velocity, condition_tokens, gate_weights
        )
        latents = latents if instead is None else instead
