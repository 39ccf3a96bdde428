"""A running studio for the tests of the page and of the endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from served import TEMPLATES, free_port
from steps import watched

from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import Request
from facemogle.serving.engine import LocalEngine
from facemogle.serving.hosted import HostedEngine
from facemogle.ui.page import build_page
from facemogle.ui.serve import serve
from facemogle.weights.loading import load_pipeline

MODEL = "mini"
TEMPLATE = read_mask(TEMPLATES / "long_hair.png").label_map
"""The face that is on the canvas at first, uint8 (512, 512)."""


@dataclass
class StudioUnderTest:
    """A served page.

    requests: what the pipeline was given; steps: how many steps were made.
    """

    url: str
    pipeline: Any
    requests: list[Request] = field(default_factory=list)
    steps: int = 0

    def record(self) -> None:
        """Note every run of the pipeline from now on."""

        def count(request: Request, index: int) -> None:
            if index == 0:
                self.requests.append(request)
            self.steps += 1

        self.pipeline.steps = watched(self.pipeline.steps, count)


def short(pipeline: FaceMoGLEPipeline, steps: int) -> FaceMoGLEPipeline:
    """The tiny random model for images of 64x64 pixels, which take no time."""
    small = FaceMoGLEPipeline(
        **pipeline.components, default_size=64, default_steps=steps, text_length=16
    )
    small.set_progress_bar_config(disable=True)
    return small


def serve_studio(
    pipeline: FaceMoGLEPipeline | None = None, **launch: Any
) -> Iterator[StudioUnderTest]:
    """Body of a fixture: serve the page in a thread of the test's process.

    pipeline: None = the embedded model.
    """
    pipeline = pipeline or load_pipeline(MODEL, device="cpu")
    engine = HostedEngine.of(LocalEngine(pipeline))
    page = build_page(engine, model="test", templates=TEMPLATES)
    url = serve(page, engine, host="127.0.0.1", port=free_port(), quiet=True, **launch)
    studio = StudioUnderTest(url, pipeline)
    studio.record()
    yield studio
    page.close(verbose=False)
