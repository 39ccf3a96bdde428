"""A model that takes its time and writes down who makes which step, for the tests of serving."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from steps import watched
from waiting import until

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import Request
from facemogle.weights.loading import load_pipeline


class Made(NamedTuple):
    """A step: the process that made it, the image's prompt, when it was done."""

    process: int
    prompt: str
    time: float


HELD = "held"
TINY = Path(__file__).resolve().parent / "fixtures"


def load_slow_model(folder: Path, seconds: float) -> FaceMoGLEPipeline:
    """The tiny model, whose steps take so much longer, for small images.

    folder: where its processes keep their records, and find which prompts are `held`.
    """
    loaded = load_pipeline(TINY / "tiny_flux", face_mogle=TINY / "tiny_face_mogle", device="cpu")
    pipeline = FaceMoGLEPipeline(**loaded.components, default_size=64, text_length=16)

    def record(request: Request, _: int) -> None:
        time.sleep(seconds)
        with (folder / str(os.getpid())).open("a") as file:
            print(time.time(), request.prompts[0], file=file)
        until(lambda: not (folder / HELD / request.prompts[0]).exists())

    setattr(pipeline, "steps", watched(pipeline.steps, record))  # noqa: B010
    return pipeline


@contextmanager
def held(folder: Path, *prompts: str) -> Iterator[None]:
    """Within, what is made for these prompts waits after a step."""
    (folder / HELD).mkdir(exist_ok=True)
    files = [folder / HELD / prompt for prompt in prompts]
    for file in files:
        file.touch()
    try:
        yield
    finally:
        for file in files:
            file.unlink()


def steps_of(folder: Path, prompt: str) -> list[Made]:
    """What was done so far for a prompt, by any process."""
    made = []
    for path in folder.glob("[0-9]*"):
        for line in path.read_text().splitlines():
            at, _, of = line.partition(" ")
            made.append(Made(int(path.name), of, float(at)))
    return sorted((step for step in made if step.prompt == prompt), key=lambda step: step.time)
