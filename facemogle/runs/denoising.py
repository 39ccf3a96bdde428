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
from facemogle.network.sinusoid import widest_float
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
    emphasis: the same of strengths that guide instead, see `Emphasis`: they are no part of the mix,
        but of the weights that are told, which would not know of them otherwise.
    """

    def __init__(
        self,
        mogle: MoGLE,
        condition_latents: Tensor,
        strengths: Tensor | None = None,
        emphasis: Tensor | None = None,
    ) -> None:
        self._mogle, self._strengths, self._emphasis = mogle, strengths, emphasis
        self._global_tokens = condition_latents[:, 0]
        # The experts see neither t nor x_t: once per mask is enough.
        self._expert_tokens = mogle.experts(condition_latents)

    def at(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Condition tokens (B, N, C) and gate weights (B, N, R) of one step; t: float64 (1,)."""
        weights = self._mogle.gate(self._global_tokens, x_t.to(self._global_tokens.dtype), t)
        if self._strengths is not None:
            weights = reweighted(weights, self._strengths)
        tokens = self._mogle.mix(weights, self._expert_tokens)
        return tokens, weights if self._emphasis is None else reweighted(weights, self._emphasis)


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
class Emphasis:
    """Regions that are to shape the image more, or less, than they do by themselves.

    mixture: of the masks without these regions; None = no region is left.
    strength: how many times the difference that the regions make is added to what is predicted
        without them: 1 = as it is, 0 = as if they were hidden.
    where: how much of that each token takes (B, N, 1), in [0, 1]; None = all of it.
    """

    mixture: Mixture | None
    strength: float
    where: Tensor | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that the denoising loop needs.

    schedule: from `make_schedule`. latents: noise (B, N, C). grid: (rows, columns) of the tokens.
    text: of the B prompts. negative: of as many others, for classifier-free guidance; None = none.
    mixture: None for text alone.
    sampled_tokens: the only ones that the transformer sees; the velocity of others is 0.
    emphases: of regions, each at the cost of one more prediction a step.
    """

    schedule: FlowMatchEulerDiscreteScheduler
    latents: Tensor
    grid: tuple[int, int]
    text: Text
    negative: Text | None
    guidance: Guidance
    mixture: Mixture | None
    sampled_tokens: Sequence[int] | None = None
    emphases: Sequence[Emphasis] = ()


class NotFiniteError(ValueError):
    """Numbers have left the range of their dtype. The message says what to do."""


def denoise(transformer: FaceMoGLETransformer, inputs: Inputs) -> Steps:
    """Follow the velocity from noise to image: x <- x + (t_next - t) * v(x, t).

    With a negative prompt v = v_negative + scale * (v_prompt - v_negative), at twice the cost; with
    regions emphasised v + (strength - 1) * where * (v_prompt - v_hidden), see `Emphasis`.
    Raises NotFiniteError instead of a last step that no image can be made of.
    """
    latents, text, guidance = inputs.latents, inputs.text, inputs.guidance
    negative, mixture = inputs.negative, inputs.mixture
    predict = _Velocity(transformer, inputs)
    times = _Times(inputs)
    for index, timestep in enumerate(times.timesteps):
        t, now = float(timestep) / times.scale, slice(index, index + 1)
        tokens, weights = _mixed(mixture, latents, times.exact[now])
        without = [
            (_mixed(emphasis.mixture, latents, times.exact[now])[0], emphasis)
            for emphasis in inputs.emphases
        ]
        is_guided = negative is not None and guidance.guided_until <= t <= guidance.guided_from
        texts = [text, negative] if negative is not None and is_guided else [text]
        velocity = predict(latents, tokens, times.rounded[now], texts, guidance, without)
        clean_latents = latents - t * velocity
        latents = inputs.schedule.step(velocity, timestep, latents, return_dict=False)[0]  # pyright: ignore
        if index == len(times.timesteps) - 1:
            _check_finite(latents)
        changes = yield Step(index, t, latents, clean_latents, velocity, tokens, weights)
        if changes is not None:
            latents = latents if changes.latents is None else changes.latents
            text = changes.text or text
            if changes.guidance_scale is not None:
                guidance = replace(guidance, scale=changes.guidance_scale)
                negative = negative if changes.guidance_scale > 1 else None


def _mixed(
    mixture: Mixture | None, latents: Tensor, t: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Condition tokens and gate weights; None and None without a mask."""
    if mixture is None:
        return None, None
    tokens, weights = mixture.at(latents, t)
    return tokens.to(latents.dtype), weights


class _Times:
    """The timesteps of a run as they are needed: read by Python, the gate and the transformer."""

    def __init__(self, inputs: Inputs) -> None:
        device = inputs.latents.device
        self.scale = inputs.schedule.config["num_train_timesteps"]
        self.timesteps = torch.as_tensor(inputs.schedule.timesteps)
        # On the device before the first step: a copy to a GPU would wait for all that it has to do.
        exact = self.timesteps.double() / self.scale
        self.exact = exact.to(device, widest_float(device))
        # FluxPipeline rounds in this order too, which shows in half precision.
        self.rounded = self.timesteps.to(device, inputs.latents.dtype) / self.scale


class _Velocity:
    """The transformer's predictions of one run, guided or not."""

    def __init__(self, transformer: FaceMoGLETransformer, inputs: Inputs) -> None:
        device, chosen = inputs.latents.device, inputs.sampled_tokens
        self._transformer = transformer
        self._chosen = None if chosen is None else torch.tensor(chosen, device=device)
        self._seen = slice(None) if self._chosen is None else self._chosen
        self._img_ids = position_ids(inputs.grid).to(device)[self._seen]
        self._txt_ids = torch.zeros(inputs.text.sequence.shape[1], 3, device=device)

    def __call__(
        self,
        latents: Tensor,
        condition_tokens: Tensor | None,
        t: Tensor,
        texts: Sequence[Text],
        guidance: Guidance,
        without: Sequence[tuple[Tensor | None, Emphasis]],
    ) -> Tensor:
        """Velocity (B, N, C). t: (1,). texts: of the prompts, and of what guidance leads away from
        if this step is guided. without: condition tokens of masks without some regions, and how
        these are emphasised.
        """
        told = [(text, condition_tokens) for text in texts]
        told += [(texts[0], tokens) for tokens, _ in without if tokens is not None]
        prompted, *others = self._predicted(latents, told, t, guidance.embedded)
        velocity = prompted
        if len(texts) == 2:
            unprompted = others.pop(0)
            velocity = unprompted + guidance.scale * (prompted - unprompted)
        for tokens, emphasis in without:
            if tokens is None:
                (hidden,) = self._predicted(latents, [(texts[0], None)], t, guidance.embedded)
            else:
                hidden = others.pop(0)
            difference = (emphasis.strength - 1) * (prompted - hidden)
            if emphasis.where is not None:
                difference = difference * emphasis.where[:, self._seen]
            velocity = velocity + difference
        if self._chosen is not None:  # it is 0 where the transformer has not seen a token
            velocity = torch.zeros_like(latents).index_copy(1, self._chosen, velocity)
        return velocity

    def _predicted(
        self,
        latents: Tensor,
        told: Sequence[tuple[Text, Tensor | None]],
        t: Tensor,
        guidance: float | None,
    ) -> Sequence[Tensor]:
        """Velocities (B, seen tokens, C), by what the model is told: text and condition tokens, all
        or none of them None.
        """
        passes, (texts, tokens) = len(told), zip(*told, strict=True)
        text = texts[0] if passes == 1 else Text.stacked(texts)
        rows = len(text.sequence)
        embedded = None
        if guidance is not None:
            embedded = torch.full((rows,), guidance, device=latents.device)
        given = [one[:, self._seen] for one in tokens if one is not None]
        with self._transformer.cache_context("step"):
            (velocity,) = self._transformer(
                hidden_states=latents[:, self._seen].repeat(passes, 1, 1),
                encoder_hidden_states=text.sequence,
                pooled_projections=text.pooled,
                timestep=t.expand(rows),
                guidance=embedded,
                img_ids=self._img_ids,
                txt_ids=self._txt_ids,
                condition_tokens=torch.cat(given) if given else None,
                return_dict=False,
            )
        return velocity.chunk(passes)


def _check_finite(latents: Tensor) -> None:
    """Once a run, as a GPU has to finish its work for it."""
    if not bool(torch.isfinite(latents).all()):
        raise NotFiniteError(
            f"The latents are not finite in {str(latents.dtype).removeprefix('torch.')}: take "
            "bfloat16 or float32 (--dtype), or latents and embeddings that are finite."
        )
