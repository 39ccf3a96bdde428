"""Tokens -> images: exactly, and quickly for previews.

Shapes: B images, N tokens on a grid of (rows, columns), C = 64 channels of a token.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from PIL import Image
from torch import Tensor

from facemogle.network.tokens import VAE, decode_tokens, painted_per_token
from facemogle.runs.mask_tokens import runs_on_cpu
from facemogle.runs.previews import decode_by_tiny

OutputType = Literal["pil", "np", "pt", "latent"]


class Decoding(DiffusionPipeline):
    """The part of the pipeline that decodes.

    preview_vae: what `preview` decodes by; None = a linear map.
    """

    vae: VAE
    image_processor: VaeImageProcessor
    preview_vae: AutoencoderTiny | None
    _latent_to_rgb: Any
    _quick_decoder: Any

    def decode(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """Image of tokens (1, N, C): a step's `latents` or `clean_latents`."""
        return self._decode(latents, self.grid_of(height, width), "pil")[0]

    @torch.no_grad()
    def preview(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """About the image that `decode` makes of tokens (1, N, C), and sooner."""
        grid, device = self.grid_of(height, width), self._execution_device
        if isinstance(self.vae, AutoencoderDC):  # is quick itself
            on_cpu = runs_on_cpu(self.vae, device)
            vae = self._quick_decoder(self.vae) if on_cpu else self.vae
            pixels = decode_tokens(vae, latents.to(device), grid).float()
        elif self.preview_vae is not None:
            pixels = decode_by_tiny(self.preview_vae, latents, grid)
        else:
            pixels = self._latent_to_rgb(self.vae, device).pixels(latents, grid)
        images: Any = self.image_processor.postprocess(pixels, output_type="pil")
        return images[0]

    def grid_of(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the tokens of an image of this size in pixels."""
        per_token = painted_per_token(self.vae)
        return height // per_token, width // per_token

    def image_size(self, grid: tuple[int, int]) -> tuple[int, int]:
        """(height, width) in pixels of an image with a grid of (rows, columns) tokens."""
        per_token = painted_per_token(self.vae)
        return grid[0] * per_token, grid[1] * per_token

    @torch.no_grad()
    def _decode(self, latents: Tensor, grid: tuple[int, int], output_type: OutputType) -> Any:
        # One at a time: in as little memory as one image needs, and with the same last bits.
        rows = latents.to(self._execution_device).split(1)
        images = torch.cat([decode_tokens(self.vae, row, grid) for row in rows])
        return self.image_processor.postprocess(images, output_type=output_type)
