"""Run one job and report it: step by step to the page, or as a whole to the API.

A packet is a JSON object for the browser. ``kind`` says what it is: ``start`` (steps, grid, notes),
``step`` (index, t, picture, gate), and one last ``done``, ``stopped`` or ``error`` (text).
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.request import grid_of
from facemogle.sampling import Step, Steps
from facemogle.trace import Trace
from facemogle.ui.job import Job

log = logging.getLogger(__name__)

Packet = dict[str, Any]

_FULL_WEIGHT = 65535


def packets(
    pipeline: FaceMoGLEPipeline, job: Job, is_wanted: Callable[[], bool]
) -> Iterator[Packet]:
    """Sample and yield packets; never raises, as the page shows every failure in place.

    is_wanted: asked before each step; once it is false, sampling ends with ``stopped``.
    """
    try:
        yield from _sample(pipeline, job, is_wanted)
    except ValueError as error:
        yield {"kind": "error", "text": str(error)}
    except Exception as error:
        log.exception("sampling failed")
        yield {"kind": "error", "text": f"{failure(error)} Your drawing is kept."}


def render(pipeline: FaceMoGLEPipeline, job: Job) -> tuple[Image.Image, Trace]:
    """Sample to the end and return the picture and its trace."""
    steps = list(stream(pipeline, job))
    side = pipeline.config["default_size"]
    picture = pipeline.decode(steps[-1].latents, side, side)
    return picture, Trace.from_steps(steps, grid_of((side, side)))


def stream(pipeline: FaceMoGLEPipeline, job: Job) -> Steps:
    """Start sampling a job. The noise is drawn on the CPU, so a seed means the same everywhere."""
    return pipeline.stream(
        job.prompt,
        job.label_map,
        num_inference_steps=job.steps,
        generator=torch.Generator("cpu").manual_seed(job.seed),
    )


def failure(error: Exception) -> str:
    """What a person reads when the program is at fault; details are in the server's log."""
    return f"The picture could not be made ({type(error).__name__}; see the server's log)."


def _sample(
    pipeline: FaceMoGLEPipeline, job: Job, is_wanted: Callable[[], bool]
) -> Iterator[Packet]:
    if not is_wanted():  # stopped while it waited in the queue
        yield {"kind": "stopped"}
        return
    steps = stream(pipeline, job)
    yield _start(pipeline, job)
    try:
        for step in steps:
            if not is_wanted():
                yield {"kind": "stopped"}
                return
            yield _step(pipeline, step, is_last=step.index == job.steps - 1)
        yield {"kind": "done"}
    finally:
        steps.close()


def _start(pipeline: FaceMoGLEPipeline, job: Job) -> Packet:
    words, limit = len(job.prompt.split()), pipeline.config["text_length"]
    side = pipeline.config["default_size"]
    notes = []
    if words > limit:  # a word is at least one token, so the encoder certainly cuts
        notes.append(f"The prompt has {words} words; the model reads about the first {limit}.")
    return {"kind": "start", "steps": job.steps, "grid": grid_of((side, side)), "notes": notes}


def _step(pipeline: FaceMoGLEPipeline, step: Step, *, is_last: bool) -> Packet:
    side = pipeline.config["default_size"]
    latents = step.latents if is_last else step.clean_latents
    assert step.gate_weights is not None, "a job has a mask"
    picture = pipeline.decode(latents, side, side)
    return {
        "kind": "step",
        "index": step.index,
        "t": step.t,
        "picture": _png_url(picture) if is_last else _jpeg_url(picture),
        "gate": quantised(step.gate_weights),
    }


def quantised(weights: torch.Tensor) -> str:
    """Gate weights (N, 20) as base64 of little-endian uint16, 65535 = 1, token by token."""
    scaled = weights.float().cpu().numpy() * _FULL_WEIGHT
    return b64encode(np.rint(scaled).astype("<u2").tobytes()).decode()


def _jpeg_url(picture: Image.Image) -> str:
    return _data_url(picture, "jpeg", quality=85)


def _png_url(picture: Image.Image) -> str:
    return _data_url(picture, "png", compress_level=1)


def _data_url(picture: Image.Image, format: str, **options: int) -> str:
    content = BytesIO()
    picture.save(content, format, **options)
    return f"data:image/{format};base64,{b64encode(content.getvalue()).decode()}"
