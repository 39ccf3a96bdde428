"""Quick images of what a step predicts, for models whose own VAE takes long, such as FLUX's.

Shapes: C latent channels (FLUX: 16), h and w latent height and width, H = 8 h, W = 8 w, N tokens.
Latents are normalised, (z - shift) * scale, as tokens always are.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from facemogle.network.tokens import (
    PIXELS_PER_LATENT,
    PIXELS_PER_TOKEN,
    VAE,
    encode_pixels,
    unpack,
)
from facemogle.runs.mask_tokens import cpu_multiplies_bfloat16

FITTED_SIDE = 128
FITTED_DETAILS = (1, 1, 1, 1, 2, 3, 4, 6, 8, 12)
"""Colours along a side of the images that the map is fitted to; 1 = flat."""
RIDGE = 1e-3
"""Holds factors down where the images say little: noise of early steps would show by them."""


@dataclass(frozen=True, eq=False)
class LatentToRGB:
    """A linear map from a latent's channels to the mean colour of its 8x8 pixels.

    factors: float32 (C, 3). offset: float32 (3,). Colours are in [-1, 1].
    """

    factors: Tensor
    offset: Tensor

    @classmethod
    @torch.no_grad()
    def fitted(cls, vae: VAE, device: torch.device) -> LatentToRGB:
        """By least squares to images that the VAE encodes; the same for the same VAE.

        device: where the VAE runs.
        """
        samples, colours = [], []
        side = FITTED_SIDE // PIXELS_PER_TOKEN
        for image in made_up_images():  # one by one, which takes less memory
            tokens = encode_pixels(vae, image[None].to(device)).cpu().double()
            samples.append(unpack(tokens, (side, side))[0].flatten(1).T)
            means = F.avg_pool2d(image.double(), PIXELS_PER_LATENT)
            colours.append(means.flatten(1).T)
        x, y = torch.cat(samples), torch.cat(colours)
        x_mean, y_mean = x.mean(0), y.mean(0)
        x, y = x - x_mean, y - y_mean
        ridge = RIDGE * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
        factors = torch.linalg.solve(x.T @ x + ridge, x.T @ y)
        return cls(factors.float(), (y_mean - x_mean @ factors).float())

    def pixels(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens (1, N, 4 C) on a grid of (rows, columns) -> image (1, 3, H, W), about [-1, 1].

        On the CPU, for which it is little work.
        """
        latents = unpack(tokens.float().cpu(), grid)
        colours = torch.einsum("bchw,cr->brhw", latents, self.factors) + self.offset[:, None, None]
        return F.interpolate(colours, scale_factor=PIXELS_PER_LATENT, mode="bilinear")


def quick_decoder(vae: VAE) -> VAE:
    """The same VAE with a copy of its decoder in bfloat16, if the CPU multiplies that: a preview
    takes 3/5 of the time.
    """
    if not cpu_multiplies_bfloat16():
        return vae
    quick = copy.copy(vae)
    decoder = copy.deepcopy(vae.decoder).bfloat16()
    quick._modules = {"decoder": decoder}  # alone, so that this is the VAE's dtype
    return quick


def made_up_images() -> Tensor:
    """Smooth images of random colours, always the same: float32 (M, 3, H, W) in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    size = (FITTED_SIDE, FITTED_SIDE)
    return torch.cat(
        [
            F.interpolate(
                torch.rand(1, 3, side, side, generator=generator) * 2 - 1, size, mode=mode
            )
            for side in FITTED_DETAILS
            for mode in ("bilinear", "nearest")
        ]
    )


def decode_by_tiny(vae: AutoencoderTiny, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tokens (1, N, 4 C) on a grid of (rows, columns) -> image (1, 3, H, W), about [-1, 1].

    Such a VAE takes normalised latents as they are. It need not be on the tokens' device.
    """
    return vae.decode(unpack(tokens, grid).to(vae.device, vae.dtype), return_dict=False)[0]
