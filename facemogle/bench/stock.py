"""A rendering by diffusers' stock pieces in their obvious use: what one would write without this
package, and what the pipeline is compared with in time and memory.

The condition's tokens stand behind the image's in `FluxTransformer2DModel`'s own sequence, as
`FluxKontextPipeline` has its image's, and peft's LoRA acts on all of them. Nothing is known from
one step to the next, or from an image to its edit, which is a whole image whose other tokens are
put back after every step, as `FluxInpaintPipeline` does. So its images are others than the
pipeline's, by as many transformer calls of the same size.

Shapes: N image and condition tokens each, C channels of a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from peft import LoraConfig
from torch import Tensor

from facemogle.masks.reading import decouple
from facemogle.network.lora import flux_targets
from facemogle.network.text import Text
from facemogle.network.tokens import encode_pixels, position_ids
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import grid_of
from facemogle.runs.schedule import make_schedule


@dataclass(frozen=True, eq=False)
class Kept:
    """What an edit keeps: tokens (1, N, C) of the image before, and where they may change
    (1, N, C), 1 = may.
    """

    tokens: Tensor
    may_change: Tensor


class Stock:
    """The pipeline's parts without what is ours. Its transformer shares the pipeline's weights."""

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        ours = pipeline.transformer
        known = signature(FluxTransformer2DModel.__init__).parameters
        config = {name: value for name, value in ours.config.items() if name in known}
        with torch.device("meta"):
            self.transformer = cast(Any, FluxTransformer2DModel(**config))
        # The positions' table is computed, not loaded.
        self.transformer.pos_embed = ours.pos_embed
        weights = ours.state_dict()
        own = {name: weights[name] for name in self.transformer.state_dict()}
        self.transformer.load_state_dict(own, assign=True)
        rank = ours.config["lora_rank"]
        if rank:
            paths = list(flux_targets(self.transformer))
            self.transformer.add_adapter(LoraConfig(r=rank, target_modules=paths))
        self.transformer.to(ours.device, ours.dtype).eval()
        self._pipeline, self._scale = pipeline, float(pipeline.config["default_guidance"])

    @torch.no_grad()
    def latents(
        self,
        label_map: np.ndarray,
        text: Text,
        noise: Tensor,
        num_steps: int,
        kept: Kept | None = None,
    ) -> Tensor:
        """Tokens (1, N, C) of an image, or of an edit; arguments as of `plain_latents`."""
        pipeline = self._pipeline
        mogle, device, grid = pipeline.mogle, noise.device, grid_of(label_map.shape[:2])
        images = torch.from_numpy(decouple(label_map)).to(device).permute(0, 3, 1, 2)
        masks = encode_pixels(pipeline.vae, images / 127.5 - 1).to(mogle.dtype)[None]
        scheduler = make_schedule(pipeline.scheduler, noise.shape[1], num_steps)
        places = position_ids(grid).to(device).repeat(2, 1)
        latents, experts = noise, (mogle.global_expert, *mogle.local_experts)
        sigmas = torch.as_tensor(scheduler.sigmas).tolist()  # one more than steps: 0 at the end
        for index, timestep in enumerate(torch.as_tensor(scheduler.timesteps)):
            t = (timestep / scheduler.config["num_train_timesteps"])[None]
            weights = mogle.gate(masks[:, 0], latents.to(mogle.dtype), t.double())
            condition = torch.zeros_like(masks[:, 0])
            for k, expert in enumerate(experts):
                condition = condition + weights[..., k, None] * expert(masks[:, k])
            texts = zip(text.sequence.split(1), text.pooled.split(1), strict=True)
            prompted, *unprompted = (
                self._velocity(latents, condition, *features, t, places) for features in texts
            )
            velocity = prompted
            for other in unprompted:  # a model without a guidance input
                velocity = other + self._scale * (prompted - other)
            step: Any = scheduler.step
            latents = step(velocity, timestep, latents, return_dict=False)[0]
            if kept is not None:
                sigma = sigmas[index + 1]
                old = (1 - sigma) * kept.tokens + sigma * noise
                latents = torch.lerp(old, latents, kept.may_change)
        return latents

    def _velocity(
        self,
        latents: Tensor,
        condition: Tensor,
        sequence: Tensor,
        pooled: Tensor,
        t: Tensor,
        places: Tensor,
    ) -> Tensor:
        guidance = None
        if self.transformer.config["guidance_embeds"]:
            guidance = torch.full_like(pooled[:, 0], self._scale)
        (velocity,) = self.transformer(
            hidden_states=torch.cat([latents, condition.to(latents.dtype)], dim=1),
            encoder_hidden_states=sequence,
            pooled_projections=pooled,
            timestep=t.to(latents),
            guidance=guidance,
            img_ids=places,
            txt_ids=places.new_zeros(sequence.shape[1], 3),
            return_dict=False,
        )
        return velocity[:, : latents.shape[1]]
