"""Measure what each part of an image costs on this machine; what counts is medians."""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.hooks import FirstBlockCacheConfig
from torch import Tensor

from facemogle.bench import faces
from facemogle.bench.floor import kernel_seconds, matrix_flops, matrix_rate, over_floor
from facemogle.bench.parts import STEP, Parts, measure, ratios
from facemogle.bench.random_flux import random_pipeline, random_text
from facemogle.bench.report import rows, summary
from facemogle.bench.stock import Stock
from facemogle.commands.arguments import (
    add_model_arguments,
    load_chosen,
    non_negative,
    say,
    whole_number,
    writable,
)
from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import mask_size

MASK = Path(__file__).parents[2] / "assets" / "templates" / "long_hair.png"
FLUX_DEV = "flux-dev"
FLUX_DEV_GIGABYTES = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--mask", default=MASK, metavar="PNG", help="(default: a template face)")
    parser.add_argument(
        "--steps", type=whole_number(1, 1000), help="denoising steps (default: the model's)"
    )
    parser.add_argument(
        "--repeats", type=whole_number(1, 1000), default=5, help="(default: %(default)s)"
    )
    parser.add_argument(
        "--render",
        type=Path,
        metavar="DIR",
        help="measure the renderer of faces instead, on MakeHuman's data folder DIR",
    )
    parser.add_argument(
        "--json", type=writable(".json"), metavar="FILE", help="also write the report to FILE"
    )
    parser.add_argument(
        "--config",
        choices=("mini", FLUX_DEV),
        help="random weights of FLUX.1-dev's size, or the embedded model, in place of --model",
    )
    parser.add_argument(
        "--fuse", action="store_true", help="queries, keys and values as one matrix product"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile, block by block")
    parser.add_argument(
        "--attention", metavar="NAME", help="attention backend by diffusers' name, e.g. flash"
    )
    parser.add_argument(
        "--first-block-cache",
        type=non_negative,
        metavar="THRESHOLD",
        help="leave out what follows the first block when it changed less than this share; also "
        "measures the error",
    )
    add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    if arguments.render is not None:
        return _run_renderer(arguments)
    try:
        pipeline, text = _load(arguments)
        side = pipeline.config["default_size"]
        size = mask_size(pipeline.grid_of(side, side))
        label_map = read_mask(arguments.mask, size=size).label_map
        num_steps = arguments.steps or pipeline.config["default_steps"]
        # Stock pieces share the weights, which have to be whole and in one place for that.
        is_whole = arguments.quantize is None and arguments.offload is None
        exact, stock = None, Stock(pipeline) if is_whole else None
        if arguments.first_block_cache is not None:
            exact = Parts(pipeline, label_map, num_steps, text, stock).before.image
        _speed_up(pipeline, arguments)
    except (ValueError, OSError) as error:
        say("bench", error)
        return 2
    device = pipeline._execution_device
    parts = Parts(pipeline, label_map, num_steps, text, stock)
    seconds = measure(parts.all(), arguments.repeats, device)
    report = {
        "model": arguments.config or arguments.model,
        "options": _options(arguments),
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "size": list(parts.before.image.shape[:2]),
        "steps": num_steps,
        "repeats": arguments.repeats,
        "seconds": summary(seconds),
        "ratios": {**ratios(seconds), **_more(parts, min(seconds[STEP]), device, exact)},
    }
    _tell(report, table(report), arguments.json)
    return 0


def _run_renderer(arguments: argparse.Namespace) -> int:
    from facemogle.render.cli import SIZE, RenderError, open_renderer

    try:
        renderer = open_renderer(arguments.render, SIZE)
    except RenderError as error:
        say("bench", error)
        return 2
    context = renderer.stage.gpu.context
    seconds = faces.measure(renderer.render, context.finish, arguments.repeats)
    report = faces.report(seconds, context.info["GL_RENDERER"], SIZE)
    _tell(report, faces.table(report), arguments.json)
    return 0


def _tell(report: dict[str, Any], text: str, file: Path | None) -> None:
    print(text)
    if file is not None:
        file.write_text(json.dumps(report, indent=2))


def _load(arguments: argparse.Namespace) -> tuple[FaceMoGLEPipeline, dict[str, Tensor]]:
    """The pipeline, and features in place of a prompt if it has no text encoders."""
    if arguments.config != FLUX_DEV:
        arguments.model = arguments.config or arguments.model
        return load_chosen(arguments), {}
    device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    memory = 0
    if device.type == "cuda" and torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(device).total_memory
    if memory < FLUX_DEV_GIGABYTES * 1e9:
        raise ValueError(
            f"{FLUX_DEV} is 12 billion weights, 24 GB in bfloat16: it needs a CUDA GPU with "
            f"{FLUX_DEV_GIGABYTES} GB, and {device} is not one: take --config mini here."
        )
    pipeline = random_pipeline(device, torch.bfloat16)
    return pipeline, random_text(pipeline)


def _speed_up(pipeline: FaceMoGLEPipeline, arguments: argparse.Namespace) -> None:
    transformer = pipeline.transformer
    if arguments.fuse:
        transformer.fuse_qkv_projections()
    if arguments.attention is not None:
        transformer.set_attention_backend(arguments.attention)
    if arguments.compile:
        transformer.compile_repeated_blocks(fullgraph=True)
    if arguments.first_block_cache is not None:
        transformer.enable_cache(FirstBlockCacheConfig(arguments.first_block_cache))


def _options(arguments: argparse.Namespace) -> list[str]:
    """What was chosen apart from the model, as it is typed."""
    names = ("quantize", "offload", "attention", "first_block_cache")
    given = {name: getattr(arguments, name) for name in names}
    chosen = [f"--{name.replace('_', '-')} {v}" for name, v in given.items() if v is not None]
    return [f"--{name}" for name in ("fuse", "compile") if getattr(arguments, name)] + chosen


@torch.no_grad()
def _more(
    parts: Parts, step_seconds: float, device: torch.device, exact: np.ndarray | None
) -> dict[str, float]:
    """What is not a ratio of two parts: memory, the error of caching, the floor.

    step_seconds: of a transformer step, at best. exact: the image without caching, uint8.
    """
    found = parts.memory()
    flops, dtype = matrix_flops(parts.step), parts.pipeline.transformer.dtype
    rate = matrix_rate(device, dtype)
    name = str(dtype).removeprefix("torch.")
    found["transformer step: GFLOP of matrix products"] = flops / 1e9
    found[f"matrix products of {name}, GFLOP/s"] = rate / 1e9
    found["transformer step / its products at that rate"] = over_floor(flops, step_seconds, rate)
    if exact is not None:
        error = np.abs(parts.before.image.astype(float) - exact) / 255
        found["error of caching, mean of pixels 0 to 1"] = error.mean()
        found["error of caching, largest"] = error.max()
    if device.type == "cuda":
        kernels = kernel_seconds(parts.step)
        found["transformer step: milliseconds of kernels"] = 1000 * kernels
        found["the same, kernels only"] = over_floor(flops, kernels, rate)
    return found


def table(report: dict[str, Any]) -> str:
    """A report as text."""
    height, width = report["size"]
    lines = [
        f"{' '.join([report['model'], *report['options']])}, {width}x{height}, "
        f"{report['steps']} steps, {report['repeats']} repeats",
        f"{report['device']}, {report['threads']} torch threads, torch {report['torch']}",
        "",
        *rows(report["seconds"], "milliseconds"),
    ]
    lines += ["", *(f"{name:<54}{ratio:9.3f}" for name, ratio in report["ratios"].items())]
    return "\n".join(lines)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.processor() or platform.machine()})"
