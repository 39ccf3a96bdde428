"""What a page has to know of its model, wherever the model runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from facemogle.masks.label_orders import OURS
from facemogle.masks.reading import read_mask
from facemogle.prompts.reading import PromptReading, read_prompt
from facemogle.prompts.regions import known_nouns
from facemogle.prompts.words import known_words
from facemogle.runs.experts import Experts
from facemogle.runs.request import Change, Request, mask_size

if TYPE_CHECKING:
    from facemogle.pipeline import FaceMoGLEPipeline


@dataclass(frozen=True)
class Facts:
    """Of a model.

    side: of its images, in pixels. grid: (rows, columns) of their tokens.
    default_steps, default_guidance: that it does well with.
    device: "cpu", "cuda", ...
    words: phrases that it knows, by kind; see `facemogle.prompts.words`.
    nouns: that it knows for each region, by index; see `facemogle.prompts.regions`.
    read_prompt: what it reads of a prompt, as `FaceMoGLEPipeline.read_prompt`.
    """

    side: int
    grid: tuple[int, int]
    default_steps: int
    default_guidance: float
    device: str
    words: dict[str, list[str]]
    nouns: list[list[str]]
    read_prompt: Callable[[str], PromptReading]

    @classmethod
    def of(cls, pipeline: FaceMoGLEPipeline) -> Facts:
        """Read them off a model."""
        side, length = pipeline.config["default_size"], pipeline.config["text_length"]
        return cls(
            side,
            pipeline.grid_of(side, side),
            pipeline.config["default_steps"],
            pipeline.config["default_guidance"],
            pipeline._execution_device.type,
            known_words(pipeline.tokenizer_2),
            known_nouns(pipeline.tokenizer_2),
            # Without the pipeline, which would have to go along to another process.
            partial(read_prompt, tokenizer=pipeline.tokenizer_2, length=length),
        )

    def request(
        self,
        label_map: np.ndarray,
        prompt: str,
        seed: int,
        steps: int,
        *,
        experts: Experts | None = None,
        change: Change | None = None,
        is_draft: bool = False,
        has_previews: bool = True,
    ) -> Request:
        """A request for one image of this model's size.

        label_map: uint8 of any size. steps: denoising steps of a whole face. Raises ValueError.
        """
        size = mask_size(self.grid)
        return Request(
            prompts=(prompt,),
            label_maps=(read_mask(label_map, size=size, labels=OURS).label_map,),
            grid=self.grid,
            num_steps=steps,
            guidance_scale=self.default_guidance,
            noise=seed,
            experts=experts or Experts(),
            change=change,
            is_draft=is_draft,
            has_previews=has_previews,
        )
