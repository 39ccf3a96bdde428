"""How near a computation comes to what its matrix products cost at least on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

SIDES = {"cpu": 1024, "cuda": 8192}
"""Of the square matrices by which the rate is measured: large, and soon multiplied."""

_TRIES = 10


def matrix_flops(call: Callable[[], Any]) -> int:
    """Operations of the matrix products, attention and convolutions; a multiply-add counts two.

    The call is counted, not timed: attention runs as plain products, as not every fused kernel is
    known to the counter.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second that this device does in large matrix products of a dtype, at best."""
    side = SIDES.get(device.type, 4096)
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(_TRIES):
        _finish(device)
        start = time.perf_counter()
        torch.mm(left, right)
        _finish(device)
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds)


def kernel_seconds(call: Callable[[], Any]) -> float:
    """Time that CUDA kernels ran for, whatever the host did."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        call()
        torch.cuda.synchronize()
    return sum(event.self_device_time_total for event in profiler.key_averages()) / 1e6


def over_floor(flops: int, seconds: float, rate: float) -> float:
    """How many times as long it took as the matrix products alone would at a rate; 1 = no longer.

    rate: operations a second.
    """
    return seconds / (flops / rate)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
