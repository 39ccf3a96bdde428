"""The denoising loop: noise -> image tokens, one `Step` at a time.

Shapes: B images of one size, N image tokens on a grid of (rows, columns), R = 20 experts,
C channels of a token, T text tokens.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from torch import Tensor

from facemogle.mogle import MoGLE, reweighted
from facemogle.network.text import Text
from facemogle.network.tokens import position_ids
from facemogle.transformer import FaceMoGLETransformer


@dataclass(frozen=True, eq=False)
class Step:
    """One denoising step of B images.

    index: 0 .. num_inference_steps - 1.
    t: in [0, 1], 1 = noise; where the step started from.
    latents: tokens (B, N, C) after the step.
    clean_latents: the image x0 = x_t - t * velocity that the step predicts (B, N, C).
    velocity: predicted x1 - x0 (B, N, C).
    condition_tokens: the experts' mixed outputs (B, N, C); None without a mask.
    gate_weights: weight of each expert at each token (B, N, R), summing to 1; None without a mask.
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
    even = np.linspace(1.0, 1 / num_steps, num_steps)
    scheduler.set_timesteps(
        sigmas=list(even if sigmas is None else sigmas),
        timesteps=None if timesteps is None else list(timesteps),
        mu=dynamic_shift(scheduler.config, num_tokens),
    )
    scheduler.set_begin_index(0)
    return scheduler


def dynamic_shift(config: Mapping[str, Any], num_tokens: int) -> float:
    """FLUX's shift parameter mu: linear in the number of tokens, through two given points."""
    start, end = config["base_image_seq_len"], config["max_image_seq_len"]
    slope = (config["max_shift"] - config["base_shift"]) / (end - start)
    return config["base_shift"] + slope * (num_tokens - start)


class Mixture:
    """The experts' outputs for B masks, mixed anew in every step.

    mogle: experts and gate. condition_latents: tokens of the 20 mask images (B, R, N, C).
    strengths: factor on each expert's weight (R,), see `reweighted`; None leaves them alone.
    """

    def __init__(
        self, mogle: MoGLE, condition_latents: Tensor, strengths: Tensor | None = None
    ) -> None:
        self._mogle = mogle
        self._strengths = strengths
        self._global_tokens = condition_latents[:, 0]
        # The experts see neither t nor x_t: once per mask is enough.
        self._expert_tokens = mogle.experts(condition_latents)

    def at(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Condition tokens (B, N, C) and gate weights (B, N, R) of one step; t: float64 (1,)."""
        weights = self._mogle.gate(self._global_tokens, x_t.to(self._global_tokens.dtype), t)
        if self._strengths is not None:
            weights = reweighted(weights, self._strengths)
        return self._mogle.mix(weights, self._expert_tokens), weights


def denoise(
    transformer: FaceMoGLETransformer,
    schedule: FlowMatchEulerDiscreteScheduler,
    latents: Tensor,
    grid: tuple[int, int],
    text: Text,
    guidance_scale: float,
    mixture: Mixture | None,
    sampled_tokens: Sequence[int] | None = None,
    guided_from: float = 1.0,
    guided_until: float = 0.0,
) -> Steps:
    """Follow the velocity from noise to image: x <- x + (t_next - t) * v(x, t).

    schedule: from `make_schedule`. latents: noise (B, N, C). mixture: None for text alone.
    text: of the B prompts; with B more rows, of no prompt, for classifier-free guidance
        (arXiv 2207.12598): v = v_without + guidance_scale * (v_with - v_without).
    sampled_tokens: the only ones that the transformer sees; the velocity of others is 0.
    guided_from, guided_until: the highest and lowest t with classifier-free guidance, at twice the
        cost: at much noise it harms, at little noise it is hardly needed (arXiv 2404.07724).
    """
    device, dtype = latents.device, latents.dtype
    seen = slice(None) if sampled_tokens is None else torch.tensor(sampled_tokens, device=device)
    fixed = {
        "img_ids": position_ids(grid).to(device)[seen],
        "txt_ids": torch.zeros(text.sequence.shape[1], 3, device=device),
    }
    images, text_rows = len(latents), len(text.sequence)
    if transformer.config["guidance_embeds"]:
        fixed["guidance"] = torch.full((text_rows,), guidance_scale, device=device)

    scale = schedule.config["num_train_timesteps"]
    timesteps = torch.as_tensor(schedule.timesteps)
    # On the device before the first step: a copy to a GPU would wait for all that it has to do.
    exact, rounded = (timesteps.double() / scale).to(device), timesteps.to(device, dtype)
    for index, timestep in enumerate(timesteps):
        t, now = float(timestep) / scale, slice(index, index + 1)
        rows = text_rows if guided_until <= t <= guided_from else images
        passes = rows // images
        tokens, weights = (None, None) if mixture is None else mixture.at(latents, exact[now])
        tokens = None if tokens is None else tokens.to(dtype)
        with transformer.cache_context("step"):
            (velocity,) = transformer(
                hidden_states=latents[:, seen].repeat(passes, 1, 1),
                encoder_hidden_states=text.sequence[:rows],
                pooled_projections=text.pooled[:rows],
                # FluxPipeline rounds in this order too, which shows in half precision.
                timestep=rounded[now].expand(rows) / scale,
                condition_tokens=None if tokens is None else tokens[:, seen].repeat(passes, 1, 1),
                return_dict=False,
                **fixed,
            )
        if passes == 2:
            prompted, unprompted = velocity.chunk(2)
            velocity = unprompted + guidance_scale * (prompted - unprompted)
        if sampled_tokens is not None:
            velocity = torch.zeros_like(latents).index_copy(1, seen, velocity)
        clean_latents = latents - t * velocity
        latents = schedule.step(velocity, timestep, latents, return_dict=False)[0]  # pyright: ignore
        instead = yield Step(index, t, latents, clean_latents, velocity, tokens, weights)
        latents = latents if instead is None else instead
