"""The one interface through which the page uses a model, and the model in its own process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.prompts.words import known_words
from facemogle.runs.edit import Recorded
from facemogle.serving.frames import Frames, frames, noise_of
from facemogle.serving.job import Job

IsWanted = Callable[[], bool]


class Unwanted(Exception):
    """Nobody waits for the image any more."""


class EngineError(RuntimeError):
    """An engine could not do its work. The message is for the visitor who waits for it."""


@dataclass(frozen=True)
class Facts:
    """What a page has to know of its model.

    side: of its images, in pixels. default_steps: that it does well with.
    text_length: tokens that it reads of a prompt. device: "cpu", "cuda", ...
    words: phrases that it knows, by kind; see `facemogle.prompts.words`.
    """

    side: int
    default_steps: int
    text_length: int
    device: str
    words: dict[str, list[str]]

    @classmethod
    def of(cls, pipeline: FaceMoGLEPipeline) -> Facts:
        """Read them off a model."""
        return cls(
            pipeline.config["default_size"],
            pipeline.config["default_steps"],
            pipeline.config["text_length"],
            pipeline._execution_device.type,
            known_words(pipeline.tokenizer_2),
        )


class Engine(Protocol):
    """Makes images for a page; threads may share it.

    facts: of its model. concurrency: how many jobs it does at a time.
    """

    facts: Facts
    concurrency: int

    def frames(
        self,
        job: Job,
        before: Recorded | None,
        is_wanted: IsWanted,
        *,
        has_previews: bool = True,
    ) -> Frames:
        """Carry out a job; arguments and frames are those of `facemogle.serving.frames.frames`.

        is_wanted: asked for every frame, and while it is waited for. Once it is false, Unwanted is
            raised, and the step under way is the last one.
        Raises ValueError for what the visitor can change, EngineError for what failed.
        """
        ...

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """Read an image that was not made here, to edit it.

        image: of any size. label_map: uint8 (H, W), of that image. seed: of an edit's noise.
        Raises as `frames` does.
        """
        ...


class LocalEngine:
    """A pipeline in this process, which makes one image at a time."""

    concurrency = 1

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.pipeline = pipeline
        self.facts = Facts.of(pipeline)

    def warm_up(self, label_map: np.ndarray) -> None:
        """On a CPU, do a step, so that no visitor waits for what libraries do at their first run.

        A GPU would be taken before anybody asks. label_map: of the mask that the page opens with,
        which nobody waits for to be encoded then.
        """
        if self.facts.device == "cpu":
            job = Job(label_map, "a face", seed=0, steps=1)
            deque(self.frames(job, None, lambda: True), maxlen=0)

    def frames(
        self,
        job: Job,
        before: Recorded | None,
        is_wanted: IsWanted,
        *,
        has_previews: bool = True,
    ) -> Frames:
        """See `Engine`."""
        with closing(frames(self.pipeline, job, before, has_previews=has_previews)) as made:
            for frame in made:
                if not is_wanted():
                    raise Unwanted
                yield frame

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        return Recorded.from_image(self.pipeline, image, label_map, noise_of(seed))
