"""A job -> its image, frame by frame, in plain data that may cross to another process.

Shapes: H = W = the model's side in pixels, N image tokens, 20 experts.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.denoising import Step, Steps
from facemogle.runs.edit import Edit, Recorded
from facemogle.serving.job import Job

DRAFT_CONTEXT = 2
"""Tokens around a change that a draft sees of the image: enough to match it, and soon done."""


@dataclass(frozen=True)
class Started:
    """What is known before the first step.

    num_steps: that will be made. kept: share of the pixels that stay those of the image before.
    """

    num_steps: int
    kept: float


@dataclass(frozen=True, eq=False)
class Frame:
    """What one step has led to.

    index: 0 .. num_steps - 1. t: in [0, 1], 1 = noise; where the step started from.
    image: uint8 (H, W, 3), predicted, and of the last step the finished one; None without
        previews.
    gate_weights: float32 (N, 20) in [0, 1]; those of a token sum to 1.
    recorded: what later edits start from, of the last step; None for a draft.
    """

    index: int
    t: float
    image: np.ndarray | None
    gate_weights: np.ndarray
    recorded: Recorded | None


Frames = Generator[Started | Frame, None, None]
"""One Started, then a Frame a step. Closing it cancels the rest."""


def frames(
    pipeline: FaceMoGLEPipeline,
    job: Job,
    before: Recorded | None = None,
    *,
    has_previews: bool = True,
) -> Frames:
    """Carry out a job.

    before: the image that is to be edited, in which the job's mask differs; None = a whole face.
    has_previews: whether steps before the last one get images.
    Raises ValueError, with the first frame.
    """
    making = _Face(pipeline, job) if before is None else _edit(pipeline, job, before)
    yield Started(making.num_steps, making.kept)
    done = []
    with closing(making.steps()) as steps:
        for step in steps:
            done.append(step)
            is_last = len(done) == making.num_steps
            image = recorded = None
            if is_last or has_previews:
                show = making.image if is_last else making.preview
                image = np.asarray(show(step.latents if is_last else step.clean_latents))
                if is_last and not job.is_draft:
                    recorded = making.recorded(done, image)
            assert step.gate_weights is not None, "a job has a mask"
            weights = step.gate_weights[0].float().cpu().numpy()
            yield Frame(step.index, step.t, image, weights, recorded)


class _Face:
    """A whole face, made as `Edit` makes a part of one."""

    kept = 0.0

    def __init__(self, pipeline: FaceMoGLEPipeline, job: Job) -> None:
        side = pipeline.config["default_size"]
        self.label_map = read_mask(job.label_map, size=(side, side)).label_map
        self.num_steps = job.steps
        self._pipeline = pipeline
        self._stream = pipeline.stream(
            job.prompt,
            job.label_map,
            num_inference_steps=job.steps,
            generator=noise_of(job.seed),
            **job.experts,
        )

    def steps(self) -> Steps:
        return self._stream

    def image(self, latents: Tensor) -> Image.Image:
        return self._pipeline.decode(latents, *self.label_map.shape)

    def preview(self, latents: Tensor) -> Image.Image:
        return self._pipeline.preview(latents, *self.label_map.shape)

    def recorded(self, done: Sequence[Step], image: np.ndarray) -> Recorded:
        return Recorded.from_run(done, image, self.label_map)


def _edit(pipeline: FaceMoGLEPipeline, job: Job, before: Recorded) -> Edit:
    return Edit(
        pipeline,
        before,
        job.label_map,
        job.prompt,
        job.steps,
        strength=job.strength,
        context=DRAFT_CONTEXT if job.is_draft else None,
        **job.experts,
    )


def noise_of(seed: int) -> torch.Generator:
    """The source of a job's noise: on the CPU, so that a seed means the same everywhere."""
    return torch.Generator("cpu").manual_seed(seed)
