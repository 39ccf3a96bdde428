"""A model on ZeroGPU, Hugging Face's hardware that lends a GPU for each call.

A call on such a GPU runs in a process that is forked for it; what goes in and what comes out is
pickled. The package `spaces`, which every Gradio Space has, must have been imported before torch.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import numpy as np
import spaces  # type: ignore[import-not-found]
from gradio import Error
from PIL import Image

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.edit import Recorded
from facemogle.serving.engine import EngineError, Facts, IsWanted, Unwanted
from facemogle.serving.frames import Frame, Frames, Started, frames, noise_of
from facemogle.serving.job import Job

SETUP_SECONDS = 15
STEP_SECONDS = 1
"""A GPU is lent for so long. Guesses, for FLUX.1-dev: too long waits longer for a GPU, too short is
cut off."""


def seconds_of(job: Job, _before: Recorded | None, _has_previews: bool) -> int:
    """How long a GPU is asked for, for a job."""
    return SETUP_SECONDS + STEP_SECONDS * job.steps


class ZeroGPUEngine:
    """A pipeline whose work is done on borrowed GPUs; see `Engine`.

    Make it before the page is launched: only then `spaces` takes note.
    """

    concurrency = 4  # each job has a process of its own

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.facts = Facts.of(pipeline)

        # Of other exceptions than Gradio's, only the name would come back.
        @spaces.GPU(duration=seconds_of)
        def make(
            job: Job, before: Recorded | None, has_previews: bool
        ) -> Generator[Started | Frame | ValueError, None, None]:
            try:
                yield from frames(pipeline, job, before, has_previews=has_previews)
            except ValueError as error:
                yield error

        @spaces.GPU(duration=SETUP_SECONDS)
        def record(image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
            return Recorded.from_image(pipeline, image, label_map, noise_of(seed))

        self._make, self._record = make, record

    def frames(
        self,
        job: Job,
        before: Recorded | None,
        is_wanted: IsWanted,
        *,
        has_previews: bool = True,
    ) -> Frames:
        """See `Engine`. A job that nobody waits for any more borrows no GPU."""
        if not is_wanted():
            raise Unwanted
        try:
            with closing(self._make(job, before, has_previews)) as made:
                for frame in made:
                    if isinstance(frame, ValueError):
                        raise frame
                    if not is_wanted():
                        raise Unwanted
                    yield frame
        except Error as error:  # no GPU to be had, or for too long: `spaces` says what to do
            raise EngineError(str(error.message)) from error

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        try:
            return self._record(image, label_map, seed)
        except Error as error:
            raise EngineError(str(error.message)) from error
