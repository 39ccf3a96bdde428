"""A model on ZeroGPU, Hugging Face's hardware that lends a GPU for each call.

A call on such a GPU runs in a process that is forked for it; what goes in and what comes out is
pickled. The package `spaces`, which every Gradio Space has, must have been imported before torch.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import numpy as np
import spaces  # type: ignore[import-not-found]
from gradio import Error
from PIL import Image

from facemogle.photo.parser import Parsers
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.serving.engine import EngineError, IsWanted, Unwanted
from facemogle.serving.facts import Facts
from facemogle.serving.reports import Report, Reports, Started, reports

SETUP_SECONDS = 15
STEP_SECONDS = 1
"""A GPU is lent for so long. Guesses, for FLUX.1-dev: too long waits longer for a GPU, too short is
cut off."""


def seconds_of(request: Request) -> int:
    """How long a GPU is asked for, for a request."""
    return SETUP_SECONDS + STEP_SECONDS * request.num_steps


class ZeroGPUEngine:
    """A pipeline whose work is done on borrowed GPUs; see `Engine`.

    Make it before the page is launched: only then `spaces` takes note.
    """

    concurrency = 4  # each request has a process of its own

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.facts = Facts.of(pipeline)
        parsers = Parsers(str(pipeline._execution_device))

        # Of other exceptions than Gradio's, only the name would come back.
        @spaces.GPU(duration=seconds_of)
        def make(request: Request) -> Generator[Started | Report | ValueError, None, None]:
            try:
                yield from reports(pipeline, request)
            except ValueError as error:
                yield error

        @spaces.GPU(duration=SETUP_SECONDS)
        def record(image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
            return pipeline.record(image, label_map, seed)

        @spaces.GPU(duration=SETUP_SECONDS)
        def parse(image: Image.Image, parser: str) -> np.ndarray | ValueError:
            try:
                return parsers.parse(image, parser)
            except ValueError as error:
                return error

        self._make, self._record, self._parse = make, record, parse

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        """See `Engine`. A request that nobody waits for any more borrows no GPU."""
        if not is_wanted():
            raise Unwanted
        with _borrowing(), closing(self._make(request)) as made:
            for report in made:
                if isinstance(report, ValueError):
                    raise report
                if not is_wanted():
                    raise Unwanted
                yield report

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        with _borrowing():
            return self._record(image, label_map, seed)

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        """See `Engine`."""
        with _borrowing():
            parsed = self._parse(image, parser)
        if isinstance(parsed, ValueError):
            raise parsed
        return parsed


@contextmanager
def _borrowing() -> Iterator[None]:
    """No GPU to be had, or not for so long: `spaces` says what to do."""
    try:
        yield
    except Error as error:
        raise EngineError(str(error.message)) from error
