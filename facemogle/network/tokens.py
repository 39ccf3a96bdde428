"""Images and tokens: VAE coding, 2x2 packing, position ids.

Shapes: B batch, C latent channels (FLUX: 16), h and w latent height and width (1/8 of the image),
N = rows * columns tokens with rows = h / 2, columns = w / 2. A token has 4 C channels, ordered
latent channel, row in its patch, column in its patch; tokens run row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:  # they take seconds to import, which the page need not wait for
    import torch
    from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from torch import Tensor

VAE: TypeAlias = "AutoencoderKL | AutoencoderDC"

PIXELS_PER_TOKEN = 16
"""Side of the square of a mask that a token reads: an 8x VAE, then 2x2 patches."""

PIXELS_PER_LATENT = PIXELS_PER_TOKEN // 2


def painted_per_token(vae: VAE) -> int:
    """Side, in pixels, of the square of the image that a token paints.

    That of a mask, unless the VAE's decoder has more levels than its encoder: then masks are read
    at a fraction of the image's size.
    """
    levels = vae.config.get("decoder_block_out_channels")  # an AutoencoderKL has none
    return PIXELS_PER_TOKEN if levels is None else 2 << (len(levels) - 1)


def pack(latents: Tensor) -> Tensor:
    """Latents (B, C, h, w) -> tokens (B, N, 4 C)."""
    batch, channels, height, width = latents.shape
    patches = latents.reshape(batch, channels, height // 2, 2, width // 2, 2)
    return patches.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * 4)


def unpack(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tokens (B, N, 4 C) on a grid of (rows, columns) -> latents (B, C, h, w)."""
    rows, columns = grid
    batch, _, channels = tokens.shape
    patches = tokens.reshape(batch, rows, columns, channels // 4, 2, 2)
    patches = patches.permute(0, 3, 1, 4, 2, 5)
    return patches.reshape(batch, channels // 4, 2 * rows, 2 * columns)


def position_ids(grid: tuple[int, int]) -> Tensor:
    """Rotary positions (0, row, column) of the tokens of a grid: float32 (N, 3)."""
    import torch  # late: the page opens without it

    rows, columns = grid
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([torch.zeros_like(row), row, column], dim=-1).reshape(-1, 3).float()


def encode_image(vae: VAE, image: np.ndarray, device: torch.device) -> Tensor:
    """Image uint8 (H, W, 3) -> tokens (N, 4 C). device: where the VAE runs."""
    import torch  # late: the page opens without it

    pixels = torch.from_numpy(image).to(device).permute(2, 0, 1)[None]
    return encode_pixels(vae, pixels / 127.5 - 1)[0]


def encode_pixels(vae: VAE, pixels: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [-1, 1] -> tokens (B, N, 4 C) of the latents (z - shift) * scale.

    z is the posterior's mode, not a sample, so that an image always has the same tokens.
    """
    encoded: Any = vae.encode(pixels.to(vae.dtype))
    z = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latent
    shift, scale = _normalisation(vae)
    return pack((z - shift) * scale)


def decode_tokens(vae: VAE, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tokens (B, N, 4 C) on a grid of (rows, columns) -> images (B, 3, H, W), about [-1, 1]."""
    shift, scale = _normalisation(vae)
    z = unpack(tokens, grid) / scale + shift
    decoder: Any = vae
    return decoder.decode(z.to(vae.dtype), return_dict=False)[0]


def _normalisation(vae: VAE) -> tuple[float, float]:
    return vae.config.get("shift_factor") or 0.0, vae.config["scaling_factor"]
