"""A caller's arguments -> a checked `Request` at the model's size.

Shapes: P prompts, B = P * num_images_per_prompt images, N tokens = (height / p) * (width / p),
where a token paints p x p pixels (16, or more where the VAE enlarges), R = 20 experts, C = 64
channels of a token, T text tokens, D and E widths of the text encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from torch import Tensor

from facemogle.masks.reading import read_mask
from facemogle.network.text import given_text
from facemogle.network.tokens import VAE, painted_per_token
from facemogle.runs.area import Area
from facemogle.runs.checks import (
    check_prompt,
    check_size,
    check_trained_size,
    listed,
    suggesting,
)
from facemogle.runs.experts import UNTOUCHED, Experts, LocalMasks
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import (
    Change,
    Noise,
    Request,
    grid_of,
    mask_size,
)


class Requesting(DiffusionPipeline):
    """The part of the pipeline that reads arguments."""

    vae: VAE

    @suggesting
    def request(
        self,
        prompt: str | Sequence[str] | None = "",
        mask: Any = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        height: int | None = None,
        width: int | None = None,
        *,
        prompt_2: str | Sequence[str] | None = None,
        negative_prompt: str | Sequence[str] | None = None,
        true_cfg_scale: float = 1.0,
        num_images_per_prompt: int = 1,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        expert_strengths: Sequence[float] = UNTOUCHED,
        latents: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        negative_prompt_embeds: Tensor | None = None,
        negative_pooled_prompt_embeds: Tensor | None = None,
        condition_latents: Tensor | None = None,
        sigmas: Sequence[float] | None = None,
        timesteps: Sequence[float] | None = None,
        sampled_tokens: Sequence[int] | None = None,
        max_sequence_length: int | None = None,
        before: Recorded | None = None,
        strength: float = 1.0,
        margin: int | None = None,
        area: Area | None = None,
        context: int | None = None,
    ) -> Request:
        """Check arguments, and read masks at this model's size.

        prompt: empty or None = no text. T5 tokens beyond `max_sequence_length` are omitted, with a
            warning in the log. A list of P prompts makes P images together.
        mask: label map uint8 (H, W) or anything else that `read_mask` takes, resized to the image
            by nearest neighbour; None = text alone. A list has one mask for each prompt; a single
            prompt or mask is used for all of the others.
        num_inference_steps: 1 or more; None = the config's default_steps.
        guidance_scale: how strongly the prompt guides, 0 to 100; 1 = no extra guidance, None = the
            config's default_guidance. FLUX.1-dev has an input for it. Models without one, such as
            mini, use classifier-free guidance: between the config's guided_from and guided_until
            steps also predict without the prompt, at twice the cost.
        generator: source of the noise; None = torch's global one. The same mask, prompt, seed,
            steps and size give the same pixels on one machine. A list has one for each of the B
            images, which then equal, up to rounding, those made one by one.
        height, width: of the image, multiples of p; None = the config's default_size, and no other
            where the config has fixed_size.
        prompt_2: for T5, in place of the prompt, which CLIP reads.
        negative_prompt: what guidance by two passes leads away from, instead of from no text.
        true_cfg_scale: scale of guidance by two passes for a model that also has an input for
            guidance; needs a negative prompt, as in FluxPipeline.
        num_images_per_prompt: images of each prompt, one after the other.
        local_masks: "regions" shows each local expert its region. "empty" shows them black
            images, as the authors' inference scripts did; only to compare with their images.
            None = the config's local_masks.
        muted: indices of regions that are hidden from all experts, see `facemogle.masks.hiding`:
            the model itself decides what is there, as it sometimes has to in training.
        expert_strengths: R factors from 0 to 100, 1 = untouched: on the gate's weights, which then
            are brought back to a sum of 1; or, where the config's strength_guides is set, of the
            difference that a region makes (0 = as if it was muted; over 1 in the region alone), at
            one more prediction a step for each strength that is not 1. The global expert's is
            always on its weight.
        latents: noise (B, N, C) in place of the generator's.
        prompt_embeds, pooled_prompt_embeds: (P, T, D), (P, E) in place of the prompts' features, as
            `encode_prompt` returns them; negative_prompt_embeds, negative_pooled_prompt_embeds: the
            same of the negative prompt.
        condition_latents: (P, R, N, C) in place of masks; see `encode_mask`.
        sigmas, timesteps: see `facemogle.runs.schedule.make_schedule`.
        sampled_tokens: indices, 0..N-1 row by row, of the tokens that are sampled in every image.
            The transformer sees no others, which makes it faster; the others stay as they are, but
            still have gate weights. None = all.
        max_sequence_length: T5 tokens read of a prompt; None = the config's text_length.
        before, strength, margin, area, context: for an edit of one image, see `Change`.
        Raises ValueError; for the mask MaskError, which is one.
        """
        per_token = painted_per_token(self.vae)
        side = self.config["default_size"]
        height, width = check_size(height, width, side, per_token)
        if self.config["fixed_size"]:
            check_trained_size(height, width, side)
        grid, change = (height // per_token, width // per_token), None
        if before is not None:
            grid = grid_of(before.label_map.shape)
            change = Change(before, strength, margin, area, context)
        steps, guidance = num_inference_steps, guidance_scale
        if steps is None:
            steps = self.config["default_steps"] if sigmas is None else len(sigmas)
        return Request(
            prompts=prompts_of(prompt, "prompt"),
            prompts_2=None if prompt_2 is None else prompts_of(prompt_2, "prompt_2"),
            negative_prompts=_negative(negative_prompt),
            label_maps=_label_maps(mask, mask_size(grid)),
            grid=grid,
            num_steps=steps,
            guidance_scale=self.config["default_guidance"] if guidance is None else guidance,
            true_cfg_scale=true_cfg_scale,
            noise=_noise_source(generator, latents),
            experts=Experts(
                tuple(muted),
                tuple(expert_strengths),
                local_masks or cast(LocalMasks, self.config["local_masks"]),
            ),
            num_images_per_prompt=num_images_per_prompt,
            text=given_text("", prompt_embeds, pooled_prompt_embeds),
            negative_text=given_text(
                "negative_", negative_prompt_embeds, negative_pooled_prompt_embeds
            ),
            condition_latents=condition_latents,
            sigmas=None if sigmas is None else tuple(sigmas),
            timesteps=None if timesteps is None else tuple(timesteps),
            sampled_tokens=None if sampled_tokens is None else tuple(sampled_tokens),
            text_length=max_sequence_length,
            change=change,
        )


def prompts_of(prompt: str | Sequence[str] | None, name: str) -> tuple[str, ...]:
    """Prompts of one or several, checked; `name` is the argument's. Raises ValueError."""
    return tuple(check_prompt(one, name) for one in listed(prompt))


def _negative(prompt: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return None if prompt is None else prompts_of(prompt, "negative_prompt")


def _label_maps(mask: Any, size: tuple[int, int]) -> tuple[np.ndarray, ...] | None:
    """Label maps of a mask, or of a list of them. Raises MaskError."""
    if mask is None:
        return None
    return tuple(read_mask(one, size=size).label_map for one in listed(mask))


def _noise_source(generator: Any, latents: Tensor | None) -> Noise:
    """Diffusers' two arguments as one value. Raises ValueError."""
    if latents is not None:
        return latents
    for one in listed(generator):
        if one is not None and not isinstance(one, torch.Generator):
            raise ValueError(
                f"generator is or holds a {type(one).__name__}: give a torch.Generator, e.g. "
                "torch.Generator().manual_seed(42), or a list with one for each image."
            )
    return tuple(generator) if isinstance(generator, list | tuple) else generator
