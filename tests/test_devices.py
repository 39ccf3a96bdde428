"""Devices and precisions: what a machine has decides, and images stay about the same."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from facemogle.commands.arguments import DTYPES, add_model_arguments, load_chosen
from facemogle.mogle import MoGLE
from facemogle.network import sinusoid
from facemogle.weights import devices
from facemogle.weights.headers import CheckpointError
from facemogle.weights.loading import load_pipeline


@pytest.mark.parametrize(
    ("has_cuda", "has_mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_best_device_is_taken(monkeypatch, has_cuda, has_mps, expected) -> None:
    """Apple's GPUs were left idle."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)
    assert devices.device_of(None).type == expected


def test_a_missing_gpu_of_apples_is_named(monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(CheckpointError, match="'mps' is not there"):
        devices.device_of("mps")


class Anything:
    """In place of a context manager that needs a GPU."""

    def __init__(self, *_: Any) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *_: Any) -> None: ...


@pytest.mark.parametrize("kind", ["cuda", "mps"])
@pytest.mark.parametrize(
    ("has_bfloat16", "expected"), [(True, torch.bfloat16), (False, torch.float16)]
)
def test_a_card_without_bfloat16_gets_float16(monkeypatch, kind, has_bfloat16, expected) -> None:
    """A T4 or V100 emulates bfloat16, many times slower than it multiplies float16."""
    monkeypatch.setattr(torch.cuda, "device", Anything)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *_: has_bfloat16)
    assert devices.usual_dtype(torch.device(kind)) == expected


def test_a_cpu_computes_in_float32() -> None:
    assert devices.usual_dtype(torch.device("cpu")) == torch.float32


@pytest.mark.parametrize("dtype", [None, *DTYPES])
def test_the_command_line_names_the_dtype(monkeypatch, dtype) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        "facemogle.weights.loading.load_pipeline", lambda model, **options: seen.update(options)
    )
    parser = argparse.ArgumentParser()
    add_model_arguments(parser)
    load_chosen(parser.parse_args([] if dtype is None else ["--dtype", dtype]))
    assert seen["torch_dtype"] == (dtype and getattr(torch, dtype))


def test_no_float64_goes_to_apples_gpus(monkeypatch) -> None:
    """They refuse it; what float32 loses of t does not show in the gate's weights."""
    assert sinusoid.widest_float(torch.device("mps")) == torch.float32
    gate = MoGLE(64).gating
    t = torch.as_tensor(np.linspace(0, 1000, 50)) / 1000
    exact = gate.embed_time(t)
    monkeypatch.setattr("facemogle.mogle.widest_float", lambda device: torch.float32)
    with NoFloat64():
        rounded = gate.embed_time(t.float())
    torch.testing.assert_close(rounded, exact, rtol=0, atol=1e-3)


class NoFloat64(TorchDispatchMode):
    """Fails where anything becomes float64; the frequencies are cached by then."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        is_double = isinstance(result, torch.Tensor) and result.dtype == torch.float64
        assert not is_double, f"{func} gives float64"
        return result


@pytest.fixture(scope="module")
def mini_face() -> np.ndarray:
    return face(None)


def face(dtype: torch.dtype | None) -> np.ndarray:
    """What mini makes of a mask: float32 (1, H, W, 3) in [0, 1]."""
    pipeline = load_pipeline("mini", device="cpu", torch_dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    rows, columns = np.mgrid[:256, :256]
    mask = np.zeros((256, 256), np.uint8)
    mask[(rows - 130) ** 2 / 100**2 + (columns - 128) ** 2 / 85**2 < 1] = 13
    mask[(rows - 140) ** 2 / 80**2 + (columns - 128) ** 2 / 62**2 < 1] = 1
    for label, column in ((4, 155), (5, 101)):
        mask[(rows - 125) ** 2 / 8**2 + (columns - column) ** 2 / 15**2 < 1] = label
    # Small: where half precision is emulated, a whole face takes minutes.
    pipeline.register_to_config(fixed_size=False)
    sides = {"height": 64, "width": 64, "output_type": "np"}
    return pipeline("A woman", mask, 2, generator=torch.Generator().manual_seed(0), **sides).images


@pytest.mark.parametrize(
    ("dtype", "most", "mean"), [(torch.bfloat16, 0.5, 0.02), (torch.float16, 0.2, 0.005)]
)
def test_half_precision_gives_about_the_same_face(mini_face, dtype, most, mean) -> None:
    """Colours are in [0, 1]; another seed's face is 0.1 away on average."""
    difference = np.abs(face(dtype) - mini_face)
    assert difference.max() < most and difference.mean() < mean
