"""Sinusoidal features of time and guidance, the same on every machine.

The angles reach 3500 (guidance 3.5, times 1000), where the last bit of a frequency moves the
velocity by 1e-4. That bit comes from float32 `exp`, which math libraries round differently on
different CPUs and GPUs, so the frequencies are taken as constants here.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

_ROUNDED_UP = (13, 44)
"""Of the frequencies 10000^(-i / 128), those that the method's reference run rounded up although
the nearest float32 lies below (by 0.47 and 0.496 of the last place)."""


def sinusoid(angle: Tensor, channels: int) -> Tensor:
    """cos(angle * f_i), then sin(angle * f_i), with f_i = 10000^(-2 i / channels).

    angle: float32 (B,). Returns float32 (B, channels).
    """
    angles = angle.float()[:, None] * _frequencies(channels // 2, angle.device)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def widest_float(device: torch.device) -> torch.dtype:
    """float64, which Apple's GPUs do not have; float32 there."""
    return torch.float32 if device.type == "mps" else torch.float64


@cache
def _frequencies(count: int, device: torch.device) -> Tensor:
    exponents = -math.log(10_000) * torch.arange(count, dtype=torch.float32) / count
    frequencies = exponents.double().exp().float()
    for numerator in _ROUNDED_UP:
        index, remainder = divmod(numerator * count, 128)
        if not remainder:
            frequencies[index] = frequencies[index].nextafter(torch.tensor(1.0))
    return frequencies.to(device)
