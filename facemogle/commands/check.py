"""What this machine will run, and how fast: ``python app.py --check``."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.arguments import load_chosen

if TYPE_CHECKING:
    import torch

LIVE_SECONDS = 1.5
"""A draft that takes longer than this does not follow a stroke any more."""

DRAFT_STEPS = 3  # at most, and half of the image's: as in the page's live.js


def check(arguments: argparse.Namespace, templates: Path) -> None:
    """Load the model, make one image of a template, and print what was found, line by line.

    Raises ValueError or OSError.
    """
    for name, value in facts(arguments, templates):
        print(f"{name:<8} {value}", flush=True)


def facts(arguments: argparse.Namespace, templates: Path) -> Iterator[tuple[str, str]]:
    """Yield what is found, as (name, value), each as soon as it is known."""
    import torch

    from facemogle.serving.engine import LocalEngine
    from facemogle.ui.start import read_templates
    from facemogle.ui.studio import SIDE

    yield "python", f"{platform.python_version()}, torch {torch.__version__}"
    yield "machine", _machine()
    began = time.monotonic()
    pipeline = load_chosen(arguments)
    device, dtype = pipeline._execution_device, pipeline.transformer.dtype
    yield "model", f"{arguments.model}, loaded in {time.monotonic() - began:.1f} s"
    yield "device", f"{_device_name(device)}, {str(dtype).removeprefix('torch.')}"
    engine = LocalEngine(pipeline)
    label_map = read_templates(templates, SIDE)[0]["label_map"]
    engine.warm_up(label_map)
    request = engine.facts.request(label_map, "a face", seed=0, steps=engine.facts.default_steps)
    times = [time.monotonic() for _ in engine.reports(request, lambda: True)]
    seconds = times[-1] - times[0]
    step = seconds / (len(times) - 1)
    side, steps = engine.facts.side, len(times) - 1
    yield "image", f"{side}x{side}, {steps} steps, {seconds:.1f} s"
    yield "step", f"{step * 1000:.0f} ms"
    yield "live", _live(min(DRAFT_STEPS, max(1, steps // 2)) * step)
    yield "memory", f"{_peak():.1f} GB used at most"


def _machine() -> str:
    import psutil

    memory = psutil.virtual_memory()
    return (
        f"{psutil.cpu_count(logical=False) or psutil.cpu_count()} cores, "
        f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    )


def _device_name(device: torch.device) -> str:
    import torch

    if device.type != "cuda":
        return f"{device.type}, {torch.get_num_threads()} threads"
    free, total = torch.cuda.mem_get_info(device)
    name = torch.cuda.get_device_name(device)
    return f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free"


def _live(draft: float) -> str:
    """Whether live mode will follow strokes. draft: seconds of one."""
    if draft <= LIVE_SECONDS:
        return f"yes, a draft in {draft:.1f} s"
    return f"slowly, a draft takes {draft:.1f} s; paint with Live off, or use a GPU"


def _peak() -> float:
    """Gigabytes of main memory that this process had at most."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)
