"""What images are made from: one checked, immutable value that travels from where it enters to the
denoising loop.

Shapes: P prompts, B = P * num_images_per_prompt images, N = rows * columns tokens, R = 20 experts,
C channels of a token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from facemogle.masks.regions import NUM_EXPERTS
from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.runs.area import Area
from facemogle.runs.checks import check_guidance, check_steps, check_tokens
from facemogle.runs.experts import Experts
from facemogle.runs.recorded import Recorded

if TYPE_CHECKING:  # torch takes a second to import, which the page need not wait for
    import torch
    from torch import Tensor

    from facemogle.network.text import Text

Noise: TypeAlias = "int | torch.Generator | tuple[torch.Generator, ...] | Tensor | None"
"""Where the noise comes from: a seed, which means the same on every device; a generator, or one for
each image; torch's global one; or the noise itself, tokens (B, N, C)."""


@dataclass(frozen=True, eq=False)
class Change:
    """What an edit starts from, and how far it may go.

    before: the image that is edited, of the request's size.
    strength: in (0, 1], the share of the steps that are made. 1 starts from noise; less starts from
        a later stored level, takes proportionally less time and stays closer to the old image.
    margin: pixels around the change, see `Area.between`. area: replaces the one that the masks'
        difference and `margin` give.
    context: tokens around the area that the model sees of the rest of the image. Fewer are faster,
        but the new part may match the rest less well. None = the model's `edit_context`.
    Raises ValueError.
    """

    before: Recorded
    strength: float = 1.0
    margin: int | None = None
    area: Area | None = None
    context: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength is {self.strength}: give a number over 0, up to 1.")


@dataclass(frozen=True, eq=False)
class Request:
    """Complete data of B images. Without tensors and generators it can cross to another process.

    There is one prompt, label map, row of text features and of mask tokens for each of P prompts,
    or one for all of them.

    prompts: "" = no text. prompts_2: what T5 reads in their place. negative_prompts: what guidance
        by two passes leads away from. text_length: T5 tokens read; None = the model's.
    label_maps: uint8 (16 rows, 16 columns) each, or None for text alone.
    grid: (rows, columns) of the image's tokens.
    num_steps: denoising steps, of a whole face; an edit makes `change.strength` of them.
    guidance_scale: how strongly the prompt guides, by the model's input for it where it has one,
        else by two passes. true_cfg_scale: of two passes, for a model that has the input.
    text, negative_text: features in place of the prompts'.
    condition_latents: tokens of the mask images (P, R, N, C) in place of label maps.
    sigmas, timesteps: see `make_schedule`.
    sampled_tokens: the tokens that the transformer sees, the others stay as they are; None = all.
    change: of an edit; None = a whole face.
    is_draft: a quick look, which no later edit starts from.
    has_previews: whether steps before the last one are to be seen.
    Raises ValueError with the value and the remedy.
    """

    prompts: tuple[str, ...]
    label_maps: tuple[np.ndarray, ...] | None
    grid: tuple[int, int]
    num_steps: int
    guidance_scale: float
    noise: Noise = None
    experts: Experts = field(default_factory=Experts)
    num_images_per_prompt: int = 1
    prompts_2: tuple[str, ...] | None = None
    negative_prompts: tuple[str, ...] | None = None
    true_cfg_scale: float = 1.0
    text: Text | None = None
    negative_text: Text | None = None
    condition_latents: Tensor | None = None
    sigmas: tuple[float, ...] | None = None
    timesteps: tuple[float, ...] | None = None
    sampled_tokens: tuple[int, ...] | None = None
    text_length: int | None = None
    change: Change | None = None
    is_draft: bool = False
    has_previews: bool = True

    def __post_init__(self) -> None:
        check_steps(self.num_steps)
        check_guidance(self.guidance_scale)
        check_guidance(self.true_cfg_scale, "true_cfg_scale")
        self._check_counts()
        self._check_experts()
        self._check_levels()
        num_tokens = math.prod(self.grid)
        if hasattr(self.noise, "shape"):  # a tensor: torch is not imported for this
            _check_shape("latents", self.noise, (self.count, num_tokens))
        check_tokens(self.sampled_tokens, num_tokens)
        if self.condition_latents is not None:
            expected = (len(self.condition_latents), NUM_EXPERTS, num_tokens)
            _check_shape("condition_latents", self.condition_latents, expected)

    @property
    def count(self) -> int:
        """Images B."""
        return max(self._counts().values()) * self.num_images_per_prompt

    @property
    def has_mask(self) -> bool:
        """Whether experts have anything to look at."""
        return self.label_maps is not None or self.condition_latents is not None

    @property
    def label_map(self) -> np.ndarray:
        """The only mask, uint8 (H, W), of a request for one image of a mask."""
        assert self.label_maps is not None and len(self.label_maps) == self.count == 1
        return self.label_maps[0]

    @property
    def face(self) -> tuple[Any, ...]:
        """What makes it this face: requests that share it differ at most in their masks."""
        experts = self.experts
        return self.prompts, self.noise, sorted(experts.muted), experts.strengths

    def for_each_image(self, rows: Tensor) -> Tensor:
        """One row for each prompt, or one for all (P or 1, ...) -> one for each image (B, ...)."""
        return rows.repeat_interleave(self.count // len(rows), dim=0)

    def _counts(self) -> Mapping[str, int]:
        """How many there are of what may be one for each prompt."""
        given: dict[str, Any] = {
            "prompt": self.prompts,
            "prompt_2": self.prompts_2,
            "negative prompt": self.negative_prompts,
            "mask": self.label_maps,
            "row of prompt_embeds": self.text and self.text.sequence,
            "row of pooled_prompt_embeds": self.text and self.text.pooled,
            "row of negative_prompt_embeds": self.negative_text and self.negative_text.sequence,
            "row of condition_latents": self.condition_latents,
        }
        return {name: len(values) for name, values in given.items() if values is not None}

    def _check_counts(self) -> None:
        if not isinstance(self.num_images_per_prompt, Integral) or self.num_images_per_prompt < 1:
            raise ValueError(
                f"num_images_per_prompt is {self.num_images_per_prompt!r}: give a whole number, 1 "
                "or more."
            )
        counts = self._counts()
        most = max(counts.values())
        if not all(counts.values()) or any(count not in (1, most) for count in counts.values()):
            given = ", ".join(_counted(name, count) for name, count in counts.items())
            raise ValueError(f"You gave {given}: give as many of each, or one for all.")
        if isinstance(self.noise, tuple) and len(self.noise) != self.count:
            raise ValueError(
                f"generator has {len(self.noise)} entries for {self.count} images: give one each, "
                "or one for all."
            )

    def _check_experts(self) -> None:
        if self.label_maps is not None and self.condition_latents is not None:
            raise ValueError("Give a mask or condition_latents, not both.")
        if self.experts.muted and self.label_maps is None:
            raise ValueError("muted hides regions of a mask, but there is none: give a mask.")
        if self.experts.are_reweighted and not self.has_mask:
            raise ValueError(
                "expert_strengths weigh a mask's experts, but there is none: give a mask."
            )

    def _check_levels(self) -> None:
        for name, levels in (("sigmas", self.sigmas), ("timesteps", self.timesteps)):
            if levels is not None and len(levels) != self.num_steps:
                raise ValueError(
                    f"{name} has {len(levels)} values for {self.num_steps} steps: give one each."
                )


def mask_size(grid: tuple[int, int]) -> tuple[int, int]:
    """(height, width) in pixels of the masks of an image with this grid of tokens."""
    return grid[0] * PIXELS_PER_TOKEN, grid[1] * PIXELS_PER_TOKEN


def grid_of(size: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of the tokens that a mask of (height, width) pixels has."""
    return size[0] // PIXELS_PER_TOKEN, size[1] // PIXELS_PER_TOKEN


def _counted(name: str, count: int) -> str:
    """("row of x", 3) -> "3 rows of x"."""
    noun, *rest = name.split(" of ")
    return " of ".join([f"{count} {noun}" if count == 1 else f"{count} {noun}s", *rest])


def _check_shape(name: str, tensor: Any, beginning: tuple[int, ...]) -> None:
    if tuple(tensor.shape[: len(beginning)]) != beginning:
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}: for images of this size and number it must "
            f"begin with {beginning}."
        )
