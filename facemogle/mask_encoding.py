"""Tokens of mask pictures, from the part of the picture in which something is painted.

A region covers little of the picture, and the encoder of a convolutional VAE sees only so far: away
from the region its tokens are those of a black picture.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
from torch import Tensor, nn

from facemogle.latents import PIXELS_PER_TOKEN, VAE, encode_picture

WORTH_CROPPING = 0.7
"""Larger crops, as shares of the picture, take as long as the whole."""


class Span(NamedTuple):
    """Pixels start..stop of a side of the picture; which of the two are the picture's borders."""

    start: int
    stop: int
    at_start: bool
    at_stop: bool


def encode_mask_picture(
    vae: VAE, picture: np.ndarray, black: Tensor, device: torch.device
) -> Tensor:
    """Tokens (N, C) of a mask picture uint8 (H, W, 3): those of `encode_picture`, but for rounding.

    black: tokens (N, C) of a black picture of that size. device: where the VAE runs.
    """
    reach = encoder_reach(vae)
    painted = picture.any(axis=2)
    if not painted.any():
        return black
    if reach is None:
        return encode_picture(vae, picture, device)
    rows, columns = (_span(painted.any(axis=axis), reach) for axis in (1, 0))
    crop = picture[rows.start : rows.stop, columns.start : columns.stop]
    if crop.size > WORTH_CROPPING * picture.size:
        return encode_picture(vae, picture, device)
    inside = encode_picture(_inside(vae, rows, columns), crop, device)
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
    # What lies beyond the picture is seen from near its borders.
    at_start, at_stop = start < reach, stop > len(painted) - reach
    return Span(
        0 if at_start else int(start),
        len(painted) if at_stop else int(stop),
        bool(at_start),
        bool(at_stop),
    )


def _inside(vae: AutoencoderDC, rows: Span, columns: Span) -> AutoencoderDC:
    """The same VAE, weights shared, for a crop: beyond an edge that is none of the picture's
    borders it sees more of what lies at that edge.
    """
    edges = (columns.at_start, columns.at_stop, rows.at_start, rows.at_stop)
    weights = {id(tensor): tensor for tensor in (*vae.parameters(), *vae.buffers())}
    inside = copy.copy(vae)
    inside._modules = {**vae._modules, "encoder": copy.deepcopy(vae.encoder, weights)}
    for part in inside.encoder.modules():
        if isinstance(part, nn.Conv2d):
            part.__class__ = _CropConv2d
            part.borders = edges
    return inside


class _CropConv2d(nn.Conv2d):
    borders: tuple[bool, bool, bool, bool]
    """Of left, right, top, bottom: whether the picture ends there."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        around = [1 if edge else 0 for edge in self.borders]
        padded = F.pad(input, [1 - zeros for zeros in around], mode="replicate")
        return F.conv2d(F.pad(padded, around), weight, bias, self.stride)
