"""How much memory a piece of work takes at most, beyond what is taken already."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_RESET_PEAK = "5"  # see proc(5), clear_refs


def peak_memory(call: Callable[[], Any], device: torch.device) -> float | None:
    """MiB: the GPU's, or of this process where there is none; None where it is not told (only
    Linux starts the count again).
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / 2**20
    clear_refs = Path("/proc/self/clear_refs")
    if not clear_refs.exists():
        return None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # what was freed would hide as much of what is taken
    clear_refs.write_text(_RESET_PEAK)
    before = _status("VmRSS")
    call()
    return (_status("VmHWM") - before) / 2**10


def _status(name: str) -> int:
    """KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
