"""What a page has to know of its model, wherever the model runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.masks.reading import read_mask
from facemogle.network.words import known_words
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.experts import Experts
from facemogle.runs.request import Change, Request, mask_size


@dataclass(frozen=True)
class Facts:
    """Of a model.

    side: of its images, in pixels. grid: (rows, columns) of their tokens.
    default_steps, default_guidance: that it does well with.
    text_length: tokens that it reads of a prompt. device: "cpu", "cuda", ...
    words: phrases that it knows, by kind; see `facemogle.network.words`.
    """

    side: int
    grid: tuple[int, int]
    default_steps: int
    default_guidance: float
    text_length: int
    device: str
    words: dict[str, list[str]]

    @classmethod
    def of(cls, pipeline: FaceMoGLEPipeline) -> Facts:
        """Read them off a model."""
        side = pipeline.config["default_size"]
        return cls(
            side,
            pipeline.grid_of(side, side),
            pipeline.config["default_steps"],
            pipeline.config["default_guidance"],
            pipeline.config["text_length"],
            pipeline._execution_device.type,
            known_words(pipeline.tokenizer_2),
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
        return Request(
            prompts=(prompt,),
            label_maps=(read_mask(label_map, size=mask_size(self.grid)).label_map,),
            grid=self.grid,
            num_steps=steps,
            guidance_scale=self.default_guidance,
            noise=seed,
            experts=experts or Experts(),
            change=change,
            is_draft=is_draft,
            has_previews=has_previews,
        )
