"""How near a computation on a GPU comes to what its matrix products cost at least."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

FLOPS_PER_SECOND = 790e12
"""What an H100 or H200 does in large bfloat16 matrix products; its data sheet says 989e12."""


def matrix_flops(call: Callable[[], Any]) -> int:
    """Operations of the matrix products, attention and convolutions; a multiply-add counts two.

    The call is counted, not timed: attention runs as plain products, as not every fused kernel is
    known to the counter.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def kernel_seconds(call: Callable[[], Any]) -> float:
    """Time that CUDA kernels ran for, whatever the host did."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        call()
        torch.cuda.synchronize()
    return sum(event.self_device_time_total for event in profiler.key_averages()) / 1e6


def share_of_floor(flops: int, seconds: float) -> float:
    """Share of the time that the matrix products alone would take; 1 = nothing else, at the rate
    of FLOPS_PER_SECOND.
    """
    return flops / FLOPS_PER_SECOND / seconds
