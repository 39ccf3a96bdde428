"""Latents -> colours by a linear map: a small picture for next to nothing, fitted to any VAE.

Shapes: C latent channels, h and w latent height and width (1/8 of the picture).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from facemogle.latents import PIXELS_PER_TOKEN, VAE, encode_pixels, unpack

_SIDE = 128
_PICTURES = 12


class LatentColors:
    """Red, green and blue as weighted sums of the latent channels and a constant.

    The weights are fitted by least squares to what the VAE makes of coloured shapes, so that no
    table for a VAE is needed, and none is kept. device: where the VAE runs.
    """

    @torch.no_grad()
    def __init__(self, vae: VAE, device: torch.device) -> None:
        pixels = torch.from_numpy(_shapes()).permute(0, 3, 1, 2) * 2 - 1
        grid = (_SIDE // PIXELS_PER_TOKEN,) * 2
        tokens = torch.cat([encode_pixels(vae, one.to(device)) for one in pixels.split(1)])
        latents = unpack(tokens, grid).double().cpu()  # (pictures, C, h, w)
        colors = F.avg_pool2d(pixels.double(), PIXELS_PER_TOKEN // 2)
        self._weights = torch.linalg.lstsq(_rows(latents), colors.movedim(1, -1).flatten(0, 2))[0]

    def picture(self, tokens: Tensor, grid: tuple[int, int]) -> Image.Image:
        """Picture of tokens (1, N, 4 C) on a grid of (rows, columns), at its full size."""
        latents = unpack(tokens, grid).double().cpu()
        colors = (_rows(latents) @ self._weights).reshape(*latents.shape[2:], 3)
        levels = ((colors.numpy() + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
        rows, columns = (length * PIXELS_PER_TOKEN for length in grid)
        return Image.fromarray(levels).resize((columns, rows), Image.Resampling.BICUBIC)


def _rows(latents: Tensor) -> Tensor:
    """(B, C, h, w) -> (B h w, C + 1), the last column ones."""
    return F.pad(latents.movedim(1, -1).flatten(0, 2), (0, 1), value=1.0)


def _shapes() -> np.ndarray:
    """Pictures float32 (B, H, W, 3) in [0, 1]: shaded fields of any colour, with edges between."""
    random = np.random.default_rng(0)
    pictures = []
    for _ in range(_PICTURES):
        fields = random.uniform(0, 1, (2, 4, 4, 3)).astype(np.float32)
        first, second = (cv2.resize(field, (_SIDE, _SIDE)) for field in fields)
        blobs = cv2.resize(
            random.normal(size=(8, 8)), (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC
        )
        pictures.append(np.where(blobs[..., None] > 0, first, second))
    return np.stack(pictures)
