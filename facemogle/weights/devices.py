"""Where a model runs, and in which precision."""

from __future__ import annotations

import torch

from facemogle.weights.errors import CheckpointError

OLDEST_MACOS = (14, 0)
"""The first version in which Apple's GPUs support bfloat16."""


def device_of(name: str | None) -> torch.device:
    """The device of a name; None = the best there is. Raises CheckpointError."""
    if name is None:
        has_mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise CheckpointError(
            f"{name!r} is not a device: take cpu, cuda, cuda:1 or mps."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise CheckpointError(
            f"Device {name!r} is not there: torch sees {torch.cuda.device_count()} CUDA GPUs. Take "
            "cpu, or install torch with CUDA."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise CheckpointError(f"Device {name!r} is not there: torch sees no Apple GPU. Take cpu.")
    return device


def usual_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 on a GPU that supports it, float16 on others, float32 on a CPU."""
    if device.type == "cuda":
        # bfloat16 came with compute capability 8; older cards emulate it, slowly.
        with torch.cuda.device(device):
            has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "mps":
        has_bfloat16 = torch.backends.mps.is_macos_or_newer(*OLDEST_MACOS)
    else:
        return torch.float32
    return torch.bfloat16 if has_bfloat16 else torch.float16
