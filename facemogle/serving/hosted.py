"""An engine as a server has it: perhaps still loading, counted and logged, and able to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillLoading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any

import numpy as np
from PIL import Image

from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.serving.engine import Engine, EngineError, IsWanted, Unwanted
from facemogle.serving.facts import Facts
from facemogle.serving.log import write
from facemogle.serving.metrics import Metrics
from facemogle.serving.reports import Report, Reports, Started

ENDING = "The server is being stopped or restarted. Try again in a moment."

_POLL = 0.1  # seconds


class HostedEngine:
    """Passes work on to an engine as soon as there is one; see `Engine`.

    facts, concurrency: of the engine that will be there.
    logs_prompts: whether the log's lines have the prompts. metrics: where its work is counted.
    """

    def __init__(self, facts: Facts, concurrency: int, *, logs_prompts: bool = False) -> None:
        self.facts, self.concurrency = facts, concurrency
        self.metrics = Metrics()
        self._logs_prompts = logs_prompts
        self._engine: Future[Engine] = Future()
        self._is_ending = Event()
        self._running = 0
        self._idle = Condition()

    @classmethod
    def of(cls, engine: Engine, *, logs_prompts: bool = False) -> HostedEngine:
        """For an engine that is there."""
        hosted = cls(engine.facts, engine.concurrency, logs_prompts=logs_prompts)
        hosted._engine.set_result(engine)
        return hosted

    @property
    def state(self) -> str:
        """One of "loading", "ready", "stopping"."""
        if self._is_ending.is_set():
            return "stopping"
        return "ready" if self._engine.done() else "loading"

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody has asked for an image that is not finished."""
        return self._running > 0

    def start(self, load: Callable[[], Engine]) -> None:
        """Load the engine in a thread."""
        Thread(target=self._load, args=(load,), daemon=True).start()

    def wait(self) -> None:
        """Return when the engine is loaded. Raises what loading it raised."""
        self._engine.result()

    def end(self, seconds: float) -> None:
        """Let the steps under way be finished, for so long at most, and begin no more.

        Whoever waits for an image reads why there will be none.
        """
        self._is_ending.set()
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, seconds)

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        """See `Engine`."""
        with self._noted(_Image(request)) as image:
            engine = self._ready(is_wanted)
            with closing(engine.reports(request, is_wanted)) as work:
                for report in work:
                    self._measure(image, report)
                    yield report
                    if self._is_ending.is_set() and image.steps < image.num_steps:
                        raise EngineError(ENDING)

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        return self._ready(lambda: True).record(image, label_map, seed)

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        """See `Engine`."""
        return self._ready(lambda: True).parse(image, parser)

    def _ready(self, is_wanted: IsWanted) -> Engine:
        """The engine, once it is loaded."""
        while not self._is_ending.is_set():
            try:
                return self._engine.result(_POLL)
            except StillLoading:
                if not is_wanted():
                    raise Unwanted from None
        raise EngineError(ENDING)

    def _measure(self, image: _Image, report: Started | Report) -> None:
        seconds = image.lap()
        if isinstance(report, Started):
            image.num_steps = report.num_steps
            self.metrics.seconds.labels("start").observe(seconds)
        else:
            image.steps += 1
            self.metrics.seconds.labels("step").observe(seconds)

    def _load(self, load: Callable[[], Engine]) -> None:
        try:
            self._engine.set_result(load())
        except Exception as error:
            self._engine.set_exception(error)

    @contextmanager
    def _noted(self, image: _Image) -> Iterator[_Image]:
        """Count an image and log it, however it ends."""
        self._count(1)
        outcome = "failed"
        try:
            yield image
            outcome = "done"
        except (Unwanted, GeneratorExit):
            outcome = "stopped"
            raise
        except ValueError:
            outcome = "refused"
            raise
        finally:
            self.metrics.images.labels(image.kind, outcome).inc()
            self.metrics.seconds.labels("image").observe(image.seconds)
            write(outcome=outcome, **image.facts(has_prompt=self._logs_prompts))
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._idle:
            self._running += change
            self._idle.notify_all()


@dataclass
class _Image:
    """One image while it is made."""

    request: Request
    steps: int = 0
    num_steps: int = 0
    began: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)

    def lap(self) -> float:
        """Seconds since the last call."""
        before, self.last = self.last, time.monotonic()
        return self.last - before

    @property
    def kind(self) -> str:
        if self.request.is_draft:
            return "draft"
        return "face" if self.request.change is None else "edit"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def facts(self, *, has_prompt: bool) -> dict[str, Any]:
        """What the log says. has_prompt: whether also the visitor's words."""
        facts = {
            "kind": self.kind,
            "seconds": round(self.seconds, 3),
            "steps": self.steps,
            "of": self.num_steps,
            "seed": self.request.noise,
        }
        return facts | ({"prompt": self.request.prompts[0]} if has_prompt else {})
