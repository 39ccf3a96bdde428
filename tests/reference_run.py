"""A whole run of the reference implementation, from prompt, mask and seed to the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from reference_arrays import Case, Kind

from facemogle.masks.reading import decouple
from facemogle.network.text import Text
from facemogle.network.tokens import decode_tokens, pack, position_ids
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import grid_of
from facemogle.runs.schedule import make_schedule

INPUTS = "guidance_scale label_map local_mask_mode num_inference_steps mask_name prompt seed"

TOLERANCES = {
    # Library versions differ in T5's features by 3e-5 and in the timesteps by 1e-7 of the largest.
    "prompt_embeds": 1e-3,
    "pooled_prompt_embeds": 1e-3,
    "image_uint8": 1 / 128,  # one level, of images that need not reach 255
    # What matters there, e.g. another expert order, is 0.1 and more; see MOST_RECOMPUTED_PIXELS.
    "condition_latents": 2e-2,
    "global_rgb": 0.0,
    "image_ids": 0.0,
    "condition_ids": 0.0,
}

MOST_RECOMPUTED_PIXELS = 128 * 128
"""The tiny VAE's norms amplify float32 rounding in images that are nearly all black. Encoding 20
in one batch or one by one differs by 0.02 at 128x128, 0.2 at 256x256 and 1 at 512x512: above this
size only the stored mask latents are used, and recomputed ones are not compared."""


def whole_run(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    computed = {**sampled(pipeline, case), **prepared(pipeline, case)}
    if case["label_map"].size > MOST_RECOMPUTED_PIXELS:
        computed["condition_latents"] = case["condition_latents"]
    return computed


@torch.no_grad()
def sampled(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    """What sampling gives from the case's features, latents and noise levels."""
    height, width = case["label_map"].shape
    steps = list(
        with_unshifted_schedule(pipeline).stream(
            guidance_scale=float(case["guidance_scale"]),
            height=height,
            width=width,
            latents=torch.from_numpy(case["initial_latents"]),
            sigmas=case["sigmas"][:-1].tolist(),
            timesteps=case["timesteps"].tolist(),
            prompt_embeds=torch.from_numpy(case["prompt_embeds"]),
            pooled_prompt_embeds=torch.from_numpy(case["pooled_prompt_embeds"]),
            condition_latents=torch.from_numpy(case["condition_latents"]),
        )
    )
    final = steps[-1].latents
    decoded = decode_tokens(pipeline.vae, final, grid_of((height, width)))[0].permute(1, 2, 0)
    image = (decoded / 2 + 0.5).clamp(0, 1).numpy()

    def stacked(field: str) -> np.ndarray:
        return np.stack([getattr(step, field).squeeze(0).numpy() for step in steps])

    return {
        "gating_weights": stacked("gate_weights"),
        "condition_tokens": stacked("condition_tokens"),
        "noise_pred": stacked("velocity"),
        "latents": stacked("latents"),
        "final_latents": final.numpy(),
        "image": image,
        "image_uint8": np.rint(image * 255).astype(np.uint8),
    }


@torch.no_grad()
def prepared(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    """What the pipeline makes of the case's prompt, mask, seed and size by itself."""
    height, width = case["label_map"].shape
    grid = grid_of((height, width))
    text = Text(*pipeline.encode_prompt(str(case["prompt"]))[:2])
    ids = position_ids(grid).numpy()
    num_steps = int(case["num_inference_steps"])
    schedule = make_schedule(pipeline.scheduler, grid[0] * grid[1], num_steps)
    noise = standard_normal((1, 16, height // 8, width // 8), case["seed"])
    return {
        "prompt_embeds": text.sequence.numpy(),
        "pooled_prompt_embeds": text.pooled.numpy(),
        "timesteps": np.asarray(schedule.timesteps),
        "sigmas": np.asarray(schedule.sigmas),
        "initial_latents": pack(noise).numpy(),
        "condition_latents": sampled_condition_latents(pipeline, case),
        "global_rgb": decouple(case["label_map"])[0],
        "image_ids": ids,
        "condition_ids": ids,
    }


def sampled_condition_latents(pipeline: FaceMoGLEPipeline, case: Case) -> np.ndarray:
    """Mask latents as the reference has them: sampled, where the pipeline takes the mode."""
    images = decouple(case["label_map"])
    if case["local_mask_mode"] == "literal":
        images[1:] = 0
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
    # One image at a time: float32 convolutions of a batch of 20 are 0.06 off on some CPUs.
    vae: Any = pipeline.vae
    posteriors = [vae.encode(image[None]).latent_dist for image in pixels]
    mean, std = (torch.cat([getattr(p, name) for p in posteriors]) for name in ("mean", "std"))
    sample = mean + std * standard_normal(mean.shape, case["global_seed"])
    config = vae.config
    return pack((sample - config.shift_factor) * config.scaling_factor)[None].numpy()


def standard_normal(shape: tuple[int, ...], seed: np.ndarray) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(int(seed)))


def with_unshifted_schedule(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The pipeline with a scheduler that takes noise levels as they are."""
    scheduler = pipeline.scheduler.from_config(
        pipeline.scheduler.config, use_dynamic_shifting=False, shift=1.0
    )
    return FaceMoGLEPipeline(**{**pipeline.components, "scheduler": scheduler})


WHOLE_RUN = Kind(
    "a whole run",
    "final_latents",
    frozenset([*INPUTS.split(), "global_seed"]),
    whole_run,
    TOLERANCES,
)
