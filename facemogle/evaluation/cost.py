"""What an image costs: seconds and bytes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import torch
from tqdm.auto import tqdm

from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.report import Section
from facemogle.pipeline import FaceMoGLEPipeline

ROUNDS = 6


def cost(
    pipeline: FaceMoGLEPipeline, held: HeldOut, numbers: Sequence[int], folders: Iterable[Path]
) -> Section:
    """Medians over some faces, of masks and prompts that the pipeline has not seen before.

    folders: of the model's files.
    """
    images, previews = [], []
    _seconds(pipeline, held, numbers[0])  # the first of all warms up
    for n in tqdm(numbers[:ROUNDS], desc="seconds"):
        image, preview = _seconds(pipeline, held, n)
        images.append(image)
        previews.append(preview)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    rows = [
        ("seconds an image", (statistics.median(images),)),
        ("seconds to the first preview", (statistics.median(previews),)),
        ("denoising steps", (pipeline.config["default_steps"],)),
        ("megabytes on disk", (sum(file.stat().st_size for file in files) / 1e6,)),
        ("device", (str(pipeline._execution_device),)),
        ("torch threads", (torch.get_num_threads(),)),
    ]
    return Section("cost", ("value",), rows)


def _seconds(pipeline: FaceMoGLEPipeline, held: HeldOut, n: int) -> tuple[float, float]:
    """Of a whole image without its previews, and until its first preview."""
    prompt, label_map = held.caption(n), held.faces.label_map(n)
    height, width = label_map.shape
    pipeline.forget()
    start = time.perf_counter()
    stream = pipeline.stream(
        prompt,
        label_map,
        generator=torch.Generator("cpu").manual_seed(n),
        height=height,
        width=width,
    )
    with closing(stream):
        step = next(stream)
        sampled = time.perf_counter()
        pipeline.decode(step.clean_latents, height, width)  # to Pillow: what a GPU does is done
        preview = time.perf_counter()
        *_, step = stream
    pipeline.decode(step.latents, height, width)
    end = time.perf_counter()
    return end - start - (preview - sampled), preview - start
