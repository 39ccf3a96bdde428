"""Looking at the steps of a pipeline's runs as they are made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from facemogle.runs.denoising import Changes, Steps
from facemogle.runs.request import Request

Make = Callable[[Request], Steps]
"""What `FaceMoGLEPipeline.steps` is."""


def watched(steps: Make, see: Callable[[Request, int], object]) -> Make:
    """The same, but `see` gets the request and the index of each step before it is handed on.

    What is sent to the steps reaches the run, as an edit needs it.
    """

    def made(request: Request) -> Steps:
        changes: Changes | None = None
        with closing(steps(request)) as run:
            while True:
                try:
                    step = run.send(changes)
                except StopIteration:
                    return
                see(request, step.index)
                changes = yield step

    return made
