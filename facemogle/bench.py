"""Measure what each part of a picture costs on this machine.

All parts run in turn, and that several times, so that a change in the machine's load meets all of
them; what counts is medians.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from facemogle.cli import add_model_arguments, load_chosen, say, whole_number, writable
from facemogle.mask import read_mask
from facemogle.pipeline import FaceMoGLEPipeline

PROMPT = "A woman with long black hair"
MASK = Path(__file__).parents[1] / "assets" / "templates" / "long_hair.png"
HAT = 14

STEP, DECODE = "transformer step", "decode"
FIRST, SECOND = "whole picture, no mask picture known", "whole picture, one region changed"
"""Names, in the report, of the parts that its ratios are made of."""


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
        "--json", type=writable(".json"), metavar="FILE", help="also write the report to FILE"
    )
    add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    try:
        pipeline = load_chosen(arguments)
        side = pipeline.config["default_size"]
        label_map = read_mask(arguments.mask, size=(side, side)).label_map
    except (ValueError, OSError) as error:
        say("bench", error)
        return 2
    num_steps = arguments.steps or pipeline.config["default_steps"]
    parts = Parts(pipeline, label_map, num_steps)
    seconds = measure(parts.all(), arguments.repeats, pipeline.device)
    report = {
        "model": arguments.model,
        "device": _device_name(pipeline.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "size": list(label_map.shape),
        "steps": num_steps,
        "repeats": arguments.repeats,
        "seconds": {
            name: {"median": statistics.median(times), "min": min(times), "max": max(times)}
            for name, times in seconds.items()
        },
        "ratios": ratios(seconds, num_steps),
    }
    print(table(report))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2))
    return 0


class Parts:
    """The parts of a picture, ready to be run one by one on the inputs of a real picture."""

    def __init__(self, pipeline: FaceMoGLEPipeline, label_map: np.ndarray, num_steps: int) -> None:
        self.pipeline = pipeline
        self.num_steps = num_steps
        self.label_map = label_map
        self.changed = label_map.copy()  # after a stroke of hat in the upper left corner
        self.changed[: label_map.shape[0] // 8, : label_map.shape[1] // 4] = HAT

        inputs: list[Any] = []
        hook = pipeline.transformer.register_forward_pre_hook(
            lambda _, args, kwargs: inputs.extend((args, kwargs)), with_kwargs=True
        )
        self.last_step = list(self._stream(label_map, num_steps=1))[-1]
        hook.remove()
        self.transformer_arguments, self.transformer_options = inputs

        mogle = pipeline.mogle
        self.x_t = self.last_step.latents.to(mogle.dtype)
        self.condition_latents = pipeline.encode_mask(label_map).to(mogle.device, mogle.dtype)
        self.expert_tokens = mogle.experts(self.condition_latents)

    def all(self) -> dict[str, Callable[[], Any]]:
        """Parts by name, in the order in which they must run: each changed mask finds the cache as
        the first mask left it.
        """
        pipeline = self.pipeline
        return {
            "encode prompt": lambda: pipeline.encode_prompt(PROMPT),
            "encode mask, no picture known": lambda: self._encode(self.label_map, forget=True),
            "encode mask, one region changed": lambda: self._encode(self.changed),
            "experts, once per mask": lambda: pipeline.mogle.experts(self.condition_latents),
            "gate and mix, once per step": self._gate,
            STEP: lambda: pipeline.transformer(
                *self.transformer_arguments, **self.transformer_options
            ),
            DECODE: lambda: pipeline.decode(self.last_step.latents, *self.label_map.shape),
            FIRST: lambda: self._picture(self.label_map, forget=True),
            SECOND: lambda: self._picture(self.changed),
        }

    def _encode(self, label_map: np.ndarray, forget: bool = False) -> None:
        if forget:
            self.pipeline.region_latents.clear()
        self.pipeline.encode_mask(label_map)

    def _gate(self) -> None:
        mogle = self.pipeline.mogle
        t = torch.tensor([self.last_step.t])
        mogle.mix(mogle.gate(self.condition_latents[:, 0], self.x_t, t), self.expert_tokens)

    def _picture(self, label_map: np.ndarray, forget: bool = False) -> None:
        if forget:
            self.pipeline.region_latents.clear()
        *_, last = self._stream(label_map, self.num_steps)
        self.pipeline.decode(last.latents, *label_map.shape)

    def _stream(self, label_map: np.ndarray, num_steps: int) -> Any:
        height, width = label_map.shape
        return self.pipeline.stream(
            PROMPT,
            label_map,
            num_inference_steps=num_steps,
            generator=torch.Generator("cpu").manual_seed(0),
            height=height,
            width=width,
        )


@torch.no_grad()
def measure(
    parts: dict[str, Callable[[], Any]], repeats: int, device: torch.device
) -> dict[str, list[float]]:
    """Seconds that each part took in each repeat, after a round of warming up."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for repeat in tqdm(range(repeats + 1), unit="repeat"):
        for name, part in parts.items():
            wait()
            start = time.perf_counter()
            part()
            wait()
            if repeat > 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(seconds: dict[str, list[float]], num_steps: int) -> dict[str, float]:
    """How near a picture comes to what its transformer steps and its decoding cost anyway."""
    median = {name: statistics.median(times) for name, times in seconds.items()}
    least = num_steps * median[STEP] + median[DECODE]
    return {
        "whole picture / (steps x transformer step + decode)": median[FIRST] / least,
        "the same after one region changed": median[SECOND] / least,
        "second picture / first": median[SECOND] / median[FIRST],
    }


def table(report: dict[str, Any]) -> str:
    """A report as text."""
    height, width = report["size"]
    lines = [
        f"{report['model']}, {width}x{height}, {report['steps']} steps, "
        f"{report['repeats']} repeats",
        f"{report['device']}, {report['threads']} torch threads, torch {report['torch']}",
        "",
        f"{'milliseconds':<54}{'median':>9}{'min':>9}{'max':>9}",
    ]
    for name, times in report["seconds"].items():
        values = "".join(f"{1000 * times[key]:9.1f}" for key in ("median", "min", "max"))
        lines.append(f"{name:<54}{values}")
    lines += ["", *(f"{name:<54}{ratio:9.2f}" for name, ratio in report["ratios"].items())]
    return "\n".join(lines)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.processor() or platform.machine()})"
