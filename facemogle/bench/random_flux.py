"""A pipeline of FLUX.1-dev's size with random weights: its images are noise and cost the same."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from torch import Tensor, nn

from facemogle.mogle import MoGLE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer

TRANSFORMER: dict[str, Any] = {
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "guidance_embeds": True,
    "lora_rank": 4,
}
VAE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 16,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
SCHEDULER: dict[str, Any] = {"shift": 3.0, "use_dynamic_shifting": True}
TEXT_LENGTH = 512


def random_pipeline(
    device: torch.device,
    dtype: torch.dtype,
    transformer: dict[str, Any] = TRANSFORMER,
    vae: dict[str, Any] = VAE,
) -> FaceMoGLEPipeline:
    """No text encoders: give `random_text` in place of a prompt.

    transformer, vae: their configurations.
    """
    parts: dict[str, Any] = {
        "transformer": _filled(FaceMoGLETransformer, transformer, device, dtype),
        "vae": _filled(AutoencoderKL, vae, device, dtype),
        "mogle": _filled(MoGLE, {}, device, dtype),
        "scheduler": FlowMatchEulerDiscreteScheduler(**SCHEDULER),
    }
    absent = dict.fromkeys(("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"))
    return FaceMoGLEPipeline(**parts, **absent)  # pyright: ignore[reportArgumentType]


def random_text(pipeline: FaceMoGLEPipeline) -> dict[str, Tensor]:
    """Features of one prompt, as arguments for the pipeline."""
    config, generator = pipeline.transformer.config, torch.Generator().manual_seed(0)
    shapes = {
        "prompt_embeds": (1, TEXT_LENGTH, config["joint_attention_dim"]),
        "pooled_prompt_embeds": (1, config["pooled_projection_dim"]),
    }
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


@torch.no_grad()
def _filled(kind: Any, config: dict[str, Any], device: torch.device, dtype: torch.dtype) -> Any:
    """The model with small random weights, which never were on the CPU."""
    with torch.device("meta"):
        model: nn.Module = kind(**config)
    model = model.to(dtype).to_empty(device=device).eval()
    for parameter in model.parameters():
        parameter.normal_(0, 0.02)
    return model
