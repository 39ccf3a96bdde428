"""What an image costs: seconds and bytes."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from facemogle.evaluation.changes import CHANGES, changed
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.run import finished

ROUNDS = 6


class _Passes:
    """Counts images that go through the transformer."""

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.count = 0
        self._hook = pipeline.transformer.register_forward_pre_hook(self._see, with_kwargs=True)

    def _see(self, _module: Any, _arguments: Any, named: dict[str, Any]) -> None:
        self.count += len(named["hidden_states"])

    def remove(self) -> None:
        self._hook.remove()


def cost(
    gallery: Gallery, held: HeldOut, numbers: Sequence[int], folders: Iterable[Path]
) -> Section:
    """Medians over some faces, of masks and prompts that the pipeline has not seen before.

    folders: of the model's files.
    """
    pipeline = gallery.pipeline
    passes = _Passes(pipeline)
    _seconds(gallery, held, numbers[0])  # the first of all warms up
    passes.remove()
    images, previews, changed_regions = [], [], []
    for n in tqdm(numbers[:ROUNDS], desc="seconds"):
        image, preview = _seconds(gallery, held, n)
        images.append(image)
        previews.append(preview)
        changed_regions.append(_edit_seconds(gallery, held, n))
    edits = [seconds for seconds in changed_regions if seconds is not None]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    rows: list[tuple[str, tuple[Value]]] = [
        ("pixels a side", (pipeline.config["default_size"],)),
        ("denoising steps", (pipeline.config["default_steps"],)),
        ("passes of the transformer", (passes.count,)),
        ("seconds an image", (statistics.median(images),)),
        ("seconds to the first preview", (statistics.median(previews),)),
        ("seconds an edit of one region", (statistics.median(edits) if edits else None,)),
        ("megabytes on disk", (sum(file.stat().st_size for file in files) / 1e6,)),
        ("device", (str(pipeline._execution_device),)),
        ("torch threads", (torch.get_num_threads(),)),
    ]
    return Section("cost", ("value",), rows)


def _seconds(gallery: Gallery, held: HeldOut, n: int) -> tuple[float, float]:
    """Of a whole image without its previews, and until its first preview."""
    pipeline = gallery.pipeline
    request = gallery.request(held.faces.ids[n], held.caption(n), held.faces.label_map(n))
    pipeline.forget()
    run = pipeline.run(request)
    channels = pipeline.transformer.config["in_channels"]
    run.preview(torch.zeros(1, math.prod(request.grid), channels))  # fitted once for all images
    start = time.perf_counter()
    with closing(run.steps()) as steps:
        step = next(steps)
        sampled = time.perf_counter()
        run.preview(step.clean_latents)  # to Pillow: what a GPU does is done
        preview = time.perf_counter()
        step = deque(steps, maxlen=1).pop() if run.num_steps > 1 else step
    run.image(step.latents)
    end = time.perf_counter()
    return end - start - (preview - sampled), preview - start


def _edit_seconds(gallery: Gallery, held: HeldOut, n: int) -> float | None:
    """Of an edit of the image that was made last; None if this mask has nothing to change."""
    name, prompt, label_map = held.faces.ids[n], held.caption(n), held.faces.label_map(n)
    targets = (changed(label_map, change) for change in CHANGES)
    target = next((one for one in targets if one is not None and (one != label_map).any()), None)
    if target is None:
        return None
    before = gallery.recorded(f"faces/{name}", prompt, label_map)
    start = time.perf_counter()
    finished(gallery.pipeline.run(gallery.pipeline.request(prompt, target, before=before)))
    return time.perf_counter() - start
