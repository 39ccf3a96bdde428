"""Images and tokens: VAE coding, 2x2 packing, position ids, and the cache of region latents.

Shapes: B batch, C latent channels (FLUX: 16), h and w latent height and width (1/8 of the image),
N = rows * columns tokens with rows = h / 2, columns = w / 2. A token has 4 C channels, ordered
latent channel, row in its patch, column in its patch; tokens run row by row.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor

VAE = AutoencoderKL | AutoencoderDC

PIXELS_PER_TOKEN = 16
"""Side of the square that a token stands for: an 8x VAE, then 2x2 patches."""


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
    rows, columns = grid
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([torch.zeros_like(row), row, column], dim=-1).reshape(-1, 3).float()


def encode_image(vae: VAE, image: np.ndarray, device: torch.device) -> Tensor:
    """Image uint8 (H, W, 3) -> tokens (N, 4 C). device: where the VAE runs."""
    pixels = torch.from_numpy(image).to(device).permute(2, 0, 1)[None]
    return encode_pixels(vae, pixels / 127.5 - 1)[0]


def encode_pixels(vae: VAE, pixels: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [-1, 1] -> tokens (B, N, 4 C) of the latents (z - shift) * scale.

    z is the posterior's mode, not a sample, so that an image always has the same tokens.
    """
    encoded: Any = vae.encode(pixels.to(vae.dtype))
    z = encoded.latent_dist.mode() if isinstance(vae, AutoencoderKL) else encoded.latent
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


class RegionLatentCache:
    """Tokens of mask images by content, for one VAE.

    A brush stroke changes the global image and one or two regions, and empty regions are all the
    same image: only what is new gets encoded. The least recently used tokens are forgotten.
    Threads may share a cache. Call `clear` after changing the VAE's weights.

    capacity: number of images to remember.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[bytes, Tensor] = OrderedDict()
        self._lock = threading.Lock()

    def tokens(
        self,
        images: np.ndarray,
        encode: Callable[[np.ndarray], Tensor],
        context: str = "",
        threads: int = 1,
    ) -> Tensor:
        """Tokens (R, N, C) of the images uint8 (R, H, W, 3).

        encode: image uint8 (H, W, 3) -> tokens (N, C). One image at a time, since results must
            not depend, not even in the last bit, on which others happened to be known.
        context: what else the tokens depend on, such as the VAE's dtype.
        threads: how many encode at the same time.
        """
        keys = [_key(image, context) for image in images]
        with self._lock:
            found = {key: self._entries[key] for key in keys if key in self._entries}
        new = {k: image for k, image in zip(keys, images, strict=True) if k not in found}
        # Those with most to encode first, so that the threads end together.
        new = dict(sorted(new.items(), key=lambda item: -np.count_nonzero(item[1])))
        # Not under the lock: two callers may encode the same image, with the same result.
        with ThreadPoolExecutor(threads) as pool:
            run = map if threads == 1 else pool.map
            found |= zip(new, run(encode, new.values()), strict=True)
        self._remember(found)
        return torch.stack([found[key] for key in keys])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def _remember(self, used: Mapping[bytes, Tensor]) -> None:
        with self._lock:
            self._entries.update(used)
            for key in used:
                self._entries.move_to_end(key)
            while len(self._entries) > self.capacity:
                self._entries.popitem(last=False)


def _key(image: np.ndarray, context: str) -> bytes:
    header = f"{image.shape} {context}".encode()
    return hashlib.blake2b(header + image.tobytes(), digest_size=16).digest()
