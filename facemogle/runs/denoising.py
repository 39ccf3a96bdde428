"""The denoising loop: noise -> image tokens, one `Step` at a time.

Shapes: B images of one size, N image tokens on a grid of (rows, columns), R = 20 experts,
C channels of a token, T text tokens.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, eq=False)
class Changes:
    """What a consumer of the steps puts in place of the run's own, from the next step on.

    latents: tokens (B, N, C). text: of the B prompts. guidance_scale: 1 or less ends guidance by
    two passes. None = as it was.
    """

    latents: Tensor | None = None
    text: Text | None = None
    guidance_scale: float | None = None


Steps = Generator[Step, Changes | None, None]
"""Steps as they are made. `close()` cancels the rest; `send(changes)` goes on with these."""


class Mixture:
    """The experts' outputs for B masks, mixed again in every step.

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


@dataclass(frozen=True, eq=False)
class Guidance:
    """How strongly the prompt guides.

    embedded: the model's own input for it, as FLUX.1-dev has it; None = there is none.
    scale: of classifier-free guidance (arXiv 2207.12598), where a step predicts twice.
    guided_from, guided_until: the highest and lowest t at which it does: at much noise it harms, at
        little noise it is hardly needed (arXiv 2404.07724).
    """

    embedded: float | None
    scale: float
    guided_from: float = 1.0
    guided_until: float = 0.0


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that the denoising loop needs.

    schedule: from `make_schedule`. latents: noise (B, N, C). grid: (rows, columns) of the tokens.
    text: of the B prompts. negative: of as many others, for classifier-free guidance; None = none.
    mixture: None for text alone.
    sampled_tokens: the only ones that the transformer sees; the velocity of others is 0.
    """

    schedule: FlowMatchEulerDiscreteScheduler
    latents: Tensor
    grid: tuple[int, int]
    text: Text
    negative: Text | None
    guidance: Guidance
    mixture: Mixture | None
    sampled_tokens: Sequence[int] | None = None


class NotFiniteError(ValueError):
    """Numbers have left the range of their dtype. The message says what to do."""


def denoise(transformer: FaceMoGLETransformer, inputs: Inputs) -> Steps:
    """Follow the velocity from noise to image: x <- x + (t_next - t) * v(x, t).

    With a negative prompt v = v_negative + scale * (v_prompt - v_negative), at twice the cost.
    Raises NotFiniteError instead of a last step that no image can be made of.
    """
    latents, text, negative = inputs.latents, inputs.text, inputs.negative
    guidance, mixture = inputs.guidance, inputs.mixture
    device, dtype = latents.device, latents.dtype
    chosen = inputs.sampled_tokens
    seen = slice(None) if chosen is None else torch.tensor(chosen, device=device)
    fixed = {
        "img_ids": position_ids(inputs.grid).to(device)[seen],
        "txt_ids": torch.zeros(text.sequence.shape[1], 3, device=device),
    }
    scale = inputs.schedule.config["num_train_timesteps"]
    timesteps = torch.as_tensor(inputs.schedule.timesteps)
    # On the device before the first step: a copy to a GPU would wait for all that it has to do.
    double = torch.float32 if device.type == "mps" else torch.float64  # which MPS does not have
    exact, rounded = (timesteps.double() / scale).to(device, double), timesteps.to(device, dtype)
    for index, timestep in enumerate(timesteps):
        t, now = float(timestep) / scale, slice(index, index + 1)
        is_guided = negative is not None and guidance.guided_until <= t <= guidance.guided_from
        read = Text.stacked([text, negative]) if negative is not None and is_guided else text
        rows, passes = len(read.sequence), 2 if is_guided else 1
        if guidance.embedded is not None:
            fixed["guidance"] = torch.full((rows,), guidance.embedded, device=device)
        tokens, weights = (None, None) if mixture is None else mixture.at(latents, exact[now])
        tokens = None if tokens is None else tokens.to(dtype)
        with transformer.cache_context("step"):
            (velocity,) = transformer(
                hidden_states=latents[:, seen].repeat(passes, 1, 1),
                encoder_hidden_states=read.sequence,
                pooled_projections=read.pooled,
                # FluxPipeline rounds in this order too, which shows in half precision.
                timestep=rounded[now].expand(rows) / scale,
                condition_tokens=None if tokens is None else tokens[:, seen].repeat(passes, 1, 1),
                return_dict=False,
                **fixed,
            )
        if is_guided:
            prompted, unprompted = velocity.chunk(2)
            velocity = unprompted + guidance.scale * (prompted - unprompted)
        if chosen is not None:
            velocity = torch.zeros_like(latents).index_copy(1, seen, velocity)
        clean_latents = latents - t * velocity
        latents = inputs.schedule.step(velocity, timestep, latents, return_dict=False)[0]  # pyright: ignore
        if index == len(timesteps) - 1:
            _check_finite(latents)
        changes = yield Step(index, t, latents, clean_latents, velocity, tokens, weights)
        if changes is not None:
            latents = latents if changes.latents is None else changes.latents
            text = changes.text or text
            if changes.guidance_scale is not None:
                guidance = replace(guidance, scale=changes.guidance_scale)
                negative = negative if changes.guidance_scale > 1 else None


def _check_finite(latents: Tensor) -> None:
    """Once a run, as a GPU has to finish its work for it."""
    if not bool(torch.isfinite(latents).all()):
        raise NotFiniteError(
            f"The latents are not finite in {str(latents.dtype).removeprefix('torch.')}: take "
            "bfloat16 or float32 (--dtype), or latents and embeddings that are finite."
        )
