"""What images are made from: all arguments of one call, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from facemogle.masks.regions import NUM_EXPERTS, NUM_REGIONS
from facemogle.network.text import Text
from facemogle.network.tokens import PIXELS_PER_TOKEN

LocalMasks = Literal["regions", "empty"]

MAX_STRENGTH = 100
"""An expert 100 times as strong has all the weight; far more would overflow half precision."""


@dataclass(frozen=True, eq=False)
class Request:
    """Complete data of B images; the fields are the arguments of `FaceMoGLEPipeline.stream`.

    Of prompts, label maps, prompt features and mask tokens there is one of each per P prompts, or
    one for all of them; B = P * num_images_per_prompt.

    label_maps: uint8 (height, width), or None for text alone.
    generator: one for all images, or a list of one for each.
    Raises ValueError with the value and the remedy.
    """

    prompts: Sequence[str]
    label_maps: Sequence[np.ndarray] | None
    num_images_per_prompt: int
    num_steps: int
    guidance_scale: float
    generator: torch.Generator | Sequence[torch.Generator] | None
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
    sampled_tokens: Sequence[int] | None

    def __post_init__(self) -> None:
        self._check_kinds()
        self._check_counts()
        self._check_experts()
        num_tokens = math.prod(grid_of(self.size))
        _check_shape("latents", self.latents, (self.count, num_tokens))
        check_tokens(self.sampled_tokens, num_tokens)
        masks = 1 if self.condition_latents is None else len(self.condition_latents)
        _check_shape("condition_latents", self.condition_latents, (masks, NUM_EXPERTS, num_tokens))

    @property
    def count(self) -> int:
        """Images B."""
        return max(self._counts().values()) * self.num_images_per_prompt

    @property
    def text(self) -> Text | None:
        """The given features; None if the prompts are still to be encoded."""
        if self.prompt_embeds is None or self.pooled_prompt_embeds is None:
            return None
        return Text(self.prompt_embeds, self.pooled_prompt_embeds)

    def for_each_image(self, rows: Tensor) -> Tensor:
        """One row per prompt, or one for all (P or 1, ...) -> one per image (B, ...)."""
        return rows.repeat_interleave(self.count // len(rows), dim=0)

    @property
    def strengths(self) -> Sequence[float] | None:
        """The experts' factors; None if they change nothing, so that not a bit changes."""
        if self.expert_strengths is None or all(s == 1 for s in self.expert_strengths):
            return None
        return self.expert_strengths

    def _check_kinds(self) -> None:
        for prompt in self.prompts:
            if not isinstance(prompt, str):
                raise ValueError(
                    f"prompt is or holds a {type(prompt).__name__}: give a string, or a list of "
                    "strings for several images."
                )
        check_steps(self.num_steps)
        if not isinstance(self.num_images_per_prompt, Integral) or self.num_images_per_prompt < 1:
            raise ValueError(
                f"num_images_per_prompt is {self.num_images_per_prompt!r}: give a whole number, 1 "
                "or more."
            )
        for generator in listed(self.generator):
            if generator is not None and not isinstance(generator, torch.Generator):
                raise ValueError(
                    f"generator is or holds a {type(generator).__name__}: give a torch.Generator, "
                    "e.g. torch.Generator().manual_seed(42), or a list with one for each image."
                )
        check_choices("local_masks", [self.local_masks], get_args(LocalMasks))
        if (self.prompt_embeds is None) != (self.pooled_prompt_embeds is None):
            raise ValueError("Give both prompt_embeds and pooled_prompt_embeds, or neither.")
        for name, levels in (("sigmas", self.sigmas), ("timesteps", self.timesteps)):
            if levels is not None and len(levels) != self.num_steps:
                raise ValueError(
                    f"{name} has {len(levels)} values for {self.num_steps} steps: give one each."
                )
        if self.label_maps is not None and self.condition_latents is not None:
            raise ValueError("Give a mask or condition_latents, not both.")

    def _counts(self) -> dict[str, int]:
        """How many there are of what may be one per prompt."""
        given = {
            "prompt": self.prompts,
            "mask": self.label_maps,
            "prompt_embeds": self.prompt_embeds,
            "pooled_prompt_embeds": self.pooled_prompt_embeds,
            "condition_latents": self.condition_latents,
        }
        return {name: len(values) for name, values in given.items() if values is not None}

    def _check_counts(self) -> None:
        counts = self._counts()
        most = max(counts.values())
        if not all(counts.values()) or any(count not in (1, most) for count in counts.values()):
            given = ", ".join(f"{count} of {name}" for name, count in counts.items())
            raise ValueError(f"There are {given}: give as many of each, or one for all.")
        generators = listed(self.generator)
        if isinstance(self.generator, list | tuple) and len(generators) != self.count:
            raise ValueError(
                f"generator has {len(generators)} entries for {self.count} images: give one "
                "each, or one for all."
            )

    def _check_experts(self) -> None:
        check_muted(self.muted)
        if self.muted and self.label_maps is None:
            raise ValueError("muted empties regions of a mask, but there is none: give a mask.")
        if self.expert_strengths is None:
            return
        check_strengths(self.expert_strengths)
        if self.label_maps is None and self.condition_latents is None:
            raise ValueError(
                "expert_strengths weigh a mask's experts, but there is none: give a mask."
            )


def listed(value: Any) -> Sequence[Any]:
    """A list or tuple as it is, anything else as the one thing in a list."""
    return value if isinstance(value, list | tuple) else [value]


def check_size(height: int | None, width: int | None, default: int) -> tuple[int, int]:
    """(height, width) of the image; None = `default`. Raises ValueError."""
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


def check_tokens(tokens: Sequence[int] | None, count: int) -> None:
    """Raise ValueError unless these are some of an image's `count` tokens, each once, or None."""
    if tokens is None:
        return
    for token in tokens:
        if not isinstance(token, Integral) or not 0 <= token < count:
            raise ValueError(
                f"sampled_tokens has {token!r}: this image's are whole numbers from 0 to "
                f"{count - 1}."
            )
    if not 0 < len(set(tokens)) == len(tokens):
        raise ValueError(
            f"sampled_tokens are {len(tokens)}, {len(set(tokens))} different ones: give at least "
            "one, and each once."
        )


def check_muted(muted: Iterable[int]) -> tuple[int, ...]:
    """Region indices whose local expert is shown a black image. Raises ValueError."""
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
    """Rows and columns of the tokens of an image of (height, width) pixels."""
    return size[0] // PIXELS_PER_TOKEN, size[1] // PIXELS_PER_TOKEN


def _check_shape(name: str, tensor: Tensor | None, beginning: tuple[int, ...]) -> None:
    if tensor is not None and tuple(tensor.shape[: len(beginning)]) != beginning:
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}: for images of this size and number it must "
            f"begin with {beginning}."
        )
