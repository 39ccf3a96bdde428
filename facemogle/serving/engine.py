"""The one interface through which the page uses a model, and the model in its own process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.serving.facts import Facts
from facemogle.serving.reports import Reports, reports

if TYPE_CHECKING:
    from facemogle.pipeline import FaceMoGLEPipeline

IsWanted = Callable[[], bool]


class Unwanted(Exception):
    """Nobody waits for the image any more."""


class EngineError(RuntimeError):
    """An engine could not do its work. The message is for the visitor who waits for it."""


class Engine(Protocol):
    """Does a page's work on models; threads may share it.

    facts: of its model. concurrency: how many images it makes at a time.
    Its methods raise ValueError for what the visitor can change, EngineError for what failed.
    """

    facts: Facts
    concurrency: int

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        """Carry out a request for one image of a mask; see `facemogle.serving.reports.reports`.

        is_wanted: asked for every report, and while it is waited for. Once it is false, Unwanted is
            raised, and the step under way is the last one.
        """
        ...

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """Read an image that was not made here, to edit it.

        image: of any size. label_map: uint8 (H, W), of that image. seed: of an edit's noise.
        """
        ...

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        """The label map of an image, uint8 (H, W). parser: "embedded" or "hub"."""
        ...


class LocalEngine:
    """A pipeline in this process, which makes one image at a time."""

    concurrency = 1

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.pipeline = pipeline
        # Imported late, as the page shares this module's names and opens without a model.
        from facemogle.photo.parser import Parsers

        self.facts = Facts.of(pipeline)
        self._parsers = Parsers(str(pipeline._execution_device))

    def warm_up(self, label_map: np.ndarray) -> None:
        """On a CPU, do a step, so that no visitor waits for what libraries do at their first run.

        A GPU would be taken before anybody asks. label_map: of the mask that the page opens with,
        which nobody waits for to be encoded then.
        """
        if self.facts.device == "cpu":
            request = self.facts.request(label_map, "a face", seed=0, steps=1)
            deque(self.reports(request, lambda: True), maxlen=0)

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        """See `Engine`."""
        with closing(reports(self.pipeline, request)) as made:
            for report in made:
                if not is_wanted():
                    raise Unwanted
                yield report

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        return self.pipeline.record(image, label_map, seed)

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        """See `Engine`."""
        return self._parsers.parse(image, parser)
