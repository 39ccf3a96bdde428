"""What one picture is made from: all arguments of one call, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from facemogle.latents import PIXELS_PER_TOKEN
from facemogle.prompt import Text
from facemogle.regions import NUM_EXPERTS, NUM_REGIONS

LocalMasks = Literal["regions", "empty"]

MAX_STRENGTH = 100
"""An expert 100 times as strong has all the weight; far more would overflow half precision."""


@dataclass(frozen=True, eq=False)
class Request:
    """Complete data of one picture; the fields are the arguments of `FaceMoGLEPipeline.stream`.

    label_map: uint8 (height, width), or None for text alone.
    Raises ValueError with the value and the remedy.
    """

    prompt: str
    label_map: np.ndarray | None
    num_steps: int
    guidance_scale: float
    generator: torch.Generator | None
    size: tuple[int, int]
    local_masks: LocalMasks
    muted: Sequence[int]
    expert_strengths: Sequence[float] | None
    latents: Tensor | None
    prompt_embeds: Tensor | None
    pooled_prompt_embeds: Tensor | None
    condition_latents: Tensor | None
    sigmas: Sequence[float] | None
    timesteps: Sequence[float] | None

    def __post_init__(self) -> None:
        self._check_kinds()
        self._check_experts()
        num_tokens = math.prod(grid_of(self.size))
        _check_shape("latents", self.latents, (1, num_tokens))
        _check_shape("condition_latents", self.condition_latents, (1, NUM_EXPERTS, num_tokens))
        _check_shape("prompt_embeds", self.prompt_embeds, (1,))
        _check_shape("pooled_prompt_embeds", self.pooled_prompt_embeds, (1,))

    @property
    def text(self) -> Text | None:
        """The given features; None if the prompt is still to be encoded."""
        if self.prompt_embeds is None or self.pooled_prompt_embeds is None:
            return None
        return Text(self.prompt_embeds, self.pooled_prompt_embeds)

    @property
    def strengths(self) -> Sequence[float] | None:
        """The experts' factors; None if they change nothing, so that not a bit changes."""
        if self.expert_strengths is None or all(s == 1 for s in self.expert_strengths):
            return None
        return self.expert_strengths

    def _check_kinds(self) -> None:
        if not isinstance(self.prompt, str):
            raise ValueError(
                f"prompt is a {type(self.prompt).__name__}: give one string, for one picture."
            )
        check_steps(self.num_steps)
        if self.generator is not None and not isinstance(self.generator, torch.Generator):
            raise ValueError(
                f"generator is a {type(self.generator).__name__}: give one torch.Generator, e.g. "
                "torch.Generator().manual_seed(42)."
            )
        check_choices("local_masks", [self.local_masks], get_args(LocalMasks))
        if (self.prompt_embeds is None) != (self.pooled_prompt_embeds is None):
            raise ValueError("Give both prompt_embeds and pooled_prompt_embeds, or neither.")
        for name, levels in (("sigmas", self.sigmas), ("timesteps", self.timesteps)):
            if levels is not None and len(levels) != self.num_steps:
                raise ValueError(
                    f"{name} has {len(levels)} values for {self.num_steps} steps: give one each."
                )
        if self.label_map is not None and self.condition_latents is not None:
            raise ValueError("Give a mask or condition_latents, not both.")

    def _check_experts(self) -> None:
        check_muted(self.muted)
        if self.muted and self.label_map is None:
            raise ValueError("muted empties regions of a mask, but there is none: give a mask.")
        if self.expert_strengths is None:
            return
        check_strengths(self.expert_strengths)
        if self.label_map is None and self.condition_latents is None:
            raise ValueError(
                "expert_strengths weigh a mask's experts, but there is none: give a mask."
            )


def check_size(height: int | None, width: int | None, default: int) -> tuple[int, int]:
    """(height, width) of the picture; None = `default`. Raises ValueError."""
    size = (default if height is None else height, default if width is None else width)
    for name, length in zip(("height", "width"), size, strict=True):
        if not isinstance(length, Integral) or length < 1 or length % PIXELS_PER_TOKEN:
            raise ValueError(
                f"{name} is {length!r}: give a multiple of {PIXELS_PER_TOKEN} pixels, "
                f"e.g. {default}."
            )
    return size


def check_steps(count: int) -> int:
    """The number of denoising steps, as it is. Raises ValueError if it is none."""
    if not isinstance(count, Integral) or count < 1:
        raise ValueError(f"num_inference_steps is {count!r}: give a whole number, 1 or more.")
    return count


def check_muted(muted: Iterable[int]) -> tuple[int, ...]:
    """Region indices whose local expert is shown a black picture. Raises ValueError."""
    regions = tuple(muted)
    for region in regions:
        if not isinstance(region, Integral) or not 0 <= region < NUM_REGIONS:
            raise ValueError(
                f"muted names the region {region!r}: regions are whole numbers from 0 "
                f"(background) to {NUM_REGIONS - 1} (clothes)."
            )
    return regions


def check_strengths(expert_strengths: Iterable[float]) -> tuple[float, ...]:
    """A factor on the gate's weight for each of the 20 experts. Raises ValueError."""
    strengths = tuple(expert_strengths)
    if len(strengths) != NUM_EXPERTS:
        raise ValueError(
            f"expert_strengths has {len(strengths)} values: give {NUM_EXPERTS}, the global "
            "expert's and then the regions' in their order."
        )
    for expert, strength in enumerate(strengths):
        if not (isinstance(strength, Real) and 0 <= strength <= MAX_STRENGTH):
            raise ValueError(
                f"expert_strengths has {strength!r} for expert {expert}: give a number from 0 "
                f"to {MAX_STRENGTH}, 1 = untouched."
            )
    if not any(strengths):
        raise ValueError("expert_strengths are all 0: leave at least one expert above 0.")
    return strengths


def check_choices(name: str, values: Iterable[str], choices: Sequence[str]) -> None:
    """Raise ValueError if a value is not one of the choices."""
    for value in values:
        if value not in choices:
            raise ValueError(f"{name}: {value!r} is unknown; take {' or '.join(choices)}.")


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the tokens of a picture of (height, width) pixels."""
    return size[0] // PIXELS_PER_TOKEN, size[1] // PIXELS_PER_TOKEN


def _check_shape(name: str, tensor: Tensor | None, beginning: tuple[int, ...]) -> None:
    if tensor is not None and tuple(tensor.shape[: len(beginning)]) != beginning:
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}: for one picture of this size it must begin "
            f"with {beginning}."
        )
