"""A model in several processes, on one machine or on many, by Ray Serve.

Needs `requirements-serving.txt`. Import this after checking that Ray is there.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import ray
from PIL import Image
from ray import serve
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import RayServeException

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.serving.engine import EngineError, IsWanted, LocalEngine, Unwanted
from facemogle.serving.facts import Facts
from facemogle.serving.reports import Report, Reports, Started, reports
from facemogle.serving.retry import LostReplica, done_again

LoadPipeline = Callable[[], FaceMoGLEPipeline]

APPLICATION = "facemogle"
PATIENCE = 0.1  # seconds between two looks at whether an image is still wanted
UPSCALE_SECONDS = 5.0
"""A line of visitors that lasts this long brings another replica, if there may be one more."""


class Replica:
    """One of the processes, with a model of its own, which makes one image at a time.

    load: gives the pipeline. first_mask: as for `LocalEngine.warm_up`.
    """

    def __init__(self, load: LoadPipeline, first_mask: np.ndarray) -> None:
        self._engine = LocalEngine(load())
        self._engine.warm_up(first_mask)

    def facts(self) -> Facts:
        return self._engine.facts

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        return self._engine.record(image, label_map, seed)

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        return self._engine.parse(image, parser)

    async def reports(self, request: Request) -> AsyncIterator[Started | Report]:
        """See `Engine.reports`. Asynchronous, as Serve can cancel only that."""
        with closing(reports(self._engine.pipeline, request)) as made:
            while (report := await _next_of(made)) is not None:
                yield report


class RayEngine:
    """Replicas of a model; see `Engine`.

    Joins the cluster of the environment variable RAY_ADDRESS, or starts Ray on this machine.

    load, first_mask: as for `Replica`; `load` is sent to the replicas, so it must pickle.
    replicas: fewest and most. With more visitors there become more of them, with fewer fewer.
    needs_gpu: whether each replica takes a GPU. Without, they share the machine's cores.
    Raises EngineError.
    """

    def __init__(
        self,
        load: LoadPipeline,
        first_mask: np.ndarray,
        replicas: tuple[int, int],
        *,
        needs_gpu: bool,
    ) -> None:
        fewest, self.concurrency = replicas
        self._address = os.environ.get("RAY_ADDRESS", "local")
        _start_ray(self._address)
        atexit.register(self.close)
        try:
            deployment: Any = serve.deployment(
                Replica,
                max_ongoing_requests=1,
                max_constructor_retry_count=1,  # a model that cannot be loaded never can
                ray_actor_options=self._share(fewest, needs_gpu),
                **_number(fewest, self.concurrency),
            )
            self._handle = serve.run(
                deployment.bind(load, first_mask), name=APPLICATION, route_prefix=None
            )
            self.facts: Facts = self._call("facts")
        except EngineError:
            raise
        except RuntimeError as error:  # Serve's, which does not say why
            raise EngineError(f"No replica could start. {_complaint()}") from error

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        """See `Engine`. Where a replica is lost, another one carries out its request, once."""
        return done_again(partial(self._attempt, request, is_wanted))

    def record(self, image: Image.Image, label_map: np.ndarray, seed: int) -> Recorded:
        """See `Engine`."""
        side = self.facts.side
        small = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        return self._call("record", small, label_map, seed)

    def parse(self, image: Image.Image, parser: str) -> np.ndarray:
        """See `Engine`."""
        return self._call("parse", image, parser)

    def close(self) -> None:
        """End the replicas, and Ray if it was started here. Done when the program ends, too."""
        atexit.unregister(self.close)
        if self._address != "local":
            serve.delete(APPLICATION)
        ray.shutdown()

    def _share(self, fewest: int, needs_gpu: bool) -> dict[str, float]:
        """What each replica takes of the cluster. Raises EngineError."""
        there = ray.cluster_resources()
        if needs_gpu:
            if there.get("GPU", 0) < fewest:
                raise EngineError(
                    f"{fewest} replicas need a GPU each, but Ray sees {there.get('GPU', 0):.0f}. "
                    "Ask for fewer (--replicas), or add GPUs."
                )
            return {"num_gpus": 1}
        if self._address != "local":  # more than one might fit on no machine
            return {"num_cpus": 1}
        # Ray lets a replica have as many threads as it takes cores.
        cores = there.get("CPU", 1) / self.concurrency
        return {"num_cpus": int(cores) if cores >= 1 else cores}

    def _call(self, method: str, *arguments: Any) -> Any:
        def attempt() -> Generator[Any, None, None]:
            with _explained():
                yield getattr(self._handle, method).remote(*arguments).result()

        return next(done_again(attempt))

    def _attempt(self, request: Request, is_wanted: IsWanted) -> Reports:
        response = self._handle.options(stream=True).reports.remote(request)
        arrived: SimpleQueue[Any] = SimpleQueue()
        Thread(target=_forward, args=(response, arrived), daemon=True).start()
        try:
            while (item := _taken(arrived, is_wanted)) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            response.cancel()


async def _next_of(made: Reports) -> Started | Report | None:
    """The next report, made in a thread; None after the last one.

    A step cannot be interrupted: cancelled, this waits for its end, and then reports can be closed.
    """
    step = asyncio.ensure_future(asyncio.to_thread(next, made, None))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait([step])
        raise


def _forward(response: Iterator[Any], arrived: SimpleQueue[Any]) -> None:
    """Put all that comes into a queue, and in the end None or what went wrong."""
    try:
        with _explained():
            for item in response:
                arrived.put(item)
        arrived.put(None)
    except Exception as error:
        arrived.put(error)


def _taken(arrived: SimpleQueue[Any], is_wanted: IsWanted) -> Any:
    """The next of a queue. Raises Unwanted, also while there is nothing."""
    while True:
        if not is_wanted():
            raise Unwanted
        try:
            return arrived.get(timeout=PATIENCE)
        except Empty:
            continue


@contextmanager
def _explained() -> Iterator[None]:
    """Ray's exceptions as those of `Engine`, or LostReplica."""
    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, ValueError):
            raise error.cause from None
        raise
    except (RayError, RayServeException) as error:
        raise LostReplica(str(error).partition("\n")[0]) from error


def _start_ray(address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell a server of Ray's
    alone: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **alone)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise EngineError(
            f"Ray cannot be reached at {address} ({error}). Correct RAY_ADDRESS, or unset it to "
            "start Ray on this machine."
        ) from error
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(proxy_location="Disabled")  # the page is the only way in


def _complaint() -> str:
    """What a replica that did not start said last."""
    deployments = serve.status().applications[APPLICATION].deployments
    return deployments[Replica.__name__].message.strip().splitlines()[-1]


def _number(fewest: int, most: int) -> dict[str, Any]:
    if fewest == most:
        return {"num_replicas": most}
    scaling = {"min_replicas": fewest, "max_replicas": most, "target_ongoing_requests": 1}
    return {"autoscaling_config": {**scaling, "upscale_delay_s": UPSCALE_SECONDS}}
