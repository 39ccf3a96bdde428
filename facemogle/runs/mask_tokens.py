"""Tokens of mask images, from the part of the image in which something is painted.

A region covers little of the image, and the encoder of a convolutional VAE sees only so far: away
from the region its tokens are those of a black image.
"""

from __future__ import annotations

import copy
import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC, DCDownBlock2d
from torch import Tensor, nn

from facemogle.network.tokens import PIXELS_PER_TOKEN, VAE, encode_image
from facemogle.runs.token_cache import RegionLatentCache

WORTH_CROPPING = 0.7
"""Larger crops, as shares of the image, take as long as the whole."""
MOST_ENCODING_THREADS = 4

WHOLE = (True, True, True, True)
_here = threading.local()
"""borders: of what this thread encodes, whether the image ends left, right, at the top, and at
the bottom; unset = it is a whole image."""


def croppable(vae: VAE, dtype: torch.dtype | None = None) -> VAE:
    """The same VAE with a copy of its encoder that can be shown a part of an image; a VAE whose
    tokens depend on the whole image as it is.

    dtype: of the copy; None = that of the VAE, whose weights it then shares.
    """
    if encoder_reach(vae) is None:
        return vae
    shared = {} if dtype else {id(one): one for one in (*vae.parameters(), *vae.buffers())}
    crops = copy.copy(vae)
    crops._modules = {**vae._modules, "encoder": copy.deepcopy(vae.encoder, shared).to(dtype)}
    for part in crops.encoder.modules():
        if isinstance(part, nn.Conv2d):
            part.__class__ = _CropConv2d
        elif isinstance(part, DCDownBlock2d) and part.downsample and part.shortcut:
            part.__class__ = _QuickDownBlock2d
    return crops


def quick_vae(vae: VAE) -> VAE:
    """The VAE that encodes mask images on a CPU: `croppable`, and in bfloat16 if the CPU
    multiplies that, which takes 2/3 of the time; training shows the embedded model such tokens.
    """
    return croppable(vae, torch.bfloat16 if cpu_multiplies_bfloat16() else None)


def cpu_multiplies_bfloat16() -> bool:
    """Elsewhere bfloat16 is emulated, and slower than float32."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


class MaskEncoder:
    """Tokens of mask images. Those of images seen before are cached; threads may share it.

    capacity: number of images that are cached.
    """

    def __init__(self, capacity: int) -> None:
        self._seen = RegionLatentCache(capacity)
        self._quick_vae = lru_cache(1)(quick_vae)

    def tokens(self, vae: VAE, images: np.ndarray, device: torch.device) -> Tensor:
        """Tokens (R, N, C) in the VAE's dtype of mask images uint8 (R, H, W, 3).

        device: where the VAE runs.
        """
        dtype, on_cpu = vae.dtype, runs_on_cpu(vae, device)
        if on_cpu:
            vae = self._quick_vae(vae)
        context = f"{vae.dtype} {device}"

        @torch.no_grad()  # which threads have each for themselves
        def encode(image: np.ndarray) -> Tensor:
            return encode_image(vae, image, device)

        @torch.no_grad()
        def encode_around(image: np.ndarray) -> Tensor:
            return encode_mask_image(vae, image, black, device)

        black = self._seen.tokens(np.zeros_like(images[:1]), encode, context)[0]
        # One image's layers are too small to keep CPU cores busy; a GPU has a queue anyway.
        threads = min(torch.get_num_threads(), MOST_ENCODING_THREADS) if on_cpu else 1
        one = encode_around if on_cpu else encode
        return self._seen.tokens(images, one, context, threads).to(dtype)

    def forget(self) -> None:
        """Drop the cached tokens; needed after a change of the VAE's weights."""
        self._seen.clear()
        self._quick_vae.cache_clear()


def runs_on_cpu(vae: VAE, device: torch.device) -> bool:
    """Alone: hooks that move weights can serve one caller only."""
    hooked = any(
        hasattr(part, hook) for part in vae.modules() for hook in ("_hf_hook", "_diffusers_hook")
    )
    return not hooked and device.type == "cpu"


class Span(NamedTuple):
    """Pixels start..stop of a side of the image; which of the two are the image's borders."""

    start: int
    stop: int
    at_start: bool
    at_stop: bool


def encode_mask_image(vae: VAE, image: np.ndarray, black: Tensor, device: torch.device) -> Tensor:
    """Tokens (N, C) of a mask image uint8 (H, W, 3): those of `encode_image`, but for rounding.

    vae: from `croppable`. black: tokens (N, C) of a black image of that size. device: where the
    VAE runs.
    """
    reach = encoder_reach(vae)
    red, green, blue = np.moveaxis(image, 2, 0)
    painted = (red | green | blue) > 0  # ten times as fast as `any` over so short an axis
    if not painted.any():
        return black
    if reach is None:
        return encode_image(vae, image, device)
    rows, columns = (_span(painted.any(axis=axis), reach) for axis in (1, 0))
    crop = image[rows.start : rows.stop, columns.start : columns.stop]
    if crop.size > WORTH_CROPPING * image.size:
        return encode_image(vae, image, device)
    _here.borders = (columns.at_start, columns.at_stop, rows.at_start, rows.at_stop)
    try:
        inside = encode_image(vae, crop, device)
    finally:
        _here.borders = WHOLE
    grid = black.clone().view(*(side // PIXELS_PER_TOKEN for side in painted.shape), -1)
    top, bottom, left, right = (side // PIXELS_PER_TOKEN for side in (*rows[:2], *columns[:2]))
    grid[top:bottom, left:right] = inside.view(bottom - top, right - left, -1)
    return grid.flatten(0, 1)


def encoder_reach(vae: VAE) -> int | None:
    """Pixels from which a token is influenced, beyond its own square; None = from anywhere."""
    if not isinstance(vae, AutoencoderDC) or any(
        kind != "ResBlock" for kind in np.atleast_1d(vae.config["encoder_block_types"])
    ):
        return None
    layers = vae.config["encoder_layers_per_block"]
    # Two 3x3 convolutions a layer and one at each change of resolution, at the end too.
    return sum((2 * count + 1) << level for level, count in enumerate(layers))


def _span(painted: np.ndarray, reach: int) -> Span:
    """What the painted pixels of a side, bool (L,), influence, in whole tokens."""
    first, last = np.flatnonzero(painted)[[0, -1]]
    start = (first - reach) // PIXELS_PER_TOKEN * PIXELS_PER_TOKEN
    stop = -(-(last + 1 + reach) // PIXELS_PER_TOKEN) * PIXELS_PER_TOKEN
    # What lies beyond the image is seen from near its borders.
    at_start, at_stop = start < reach, stop > len(painted) - reach
    return Span(
        0 if at_start else int(start),
        len(painted) if at_stop else int(stop),
        bool(at_start),
        bool(at_stop),
    )


class _CropConv2d(nn.Conv2d):
    """Beyond an edge that is not the image's own it sees more of what lies at that edge."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        borders = getattr(_here, "borders", WHOLE)
        if borders == WHOLE:
            return super()._conv_forward(input, weight, bias)
        around = [1 if edge else 0 for edge in borders]
        padded = F.pad(input, [1 - zeros for zeros in around], mode="replicate")
        return F.conv2d(F.pad(padded, around), weight, bias, self.stride)


class _QuickDownBlock2d(DCDownBlock2d):
    """The same result. On a CPU PyTorch's `pixel_unshuffle` takes five times as long as this."""

    def forward(self, hidden_states: Tensor) -> Tensor:
        means = _unshuffled(hidden_states).unflatten(1, (-1, self.group_size)).mean(dim=2)
        return _unshuffled(self.conv(hidden_states)) + means


def _unshuffled(x: Tensor) -> Tensor:
    """`pixel_unshuffle` by 2: (B, C, H, W) -> (B, 4 C, H / 2, W / 2)."""
    squares = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))
    return squares.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)
