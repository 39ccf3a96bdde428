"""Carry out one request and report it: step by step to the page, or as a whole to the API.

A packet is a JSON object for the browser. ``kind`` says what it is: ``start`` (steps, grid, kept:
share of the pixels that stay those of the image before, else 0), ``step`` (index, t, image, gate),
and one last ``done``, ``stopped`` or ``error`` (text, canRetry: whether the same request may
do better next time), or ``forgotten`` alone: the image that is to be edited has to be sent along.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from facemogle.gate.trace import Trace
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.serving.engine import Engine, EngineError, IsWanted, Unwanted
from facemogle.serving.reports import Report, Started
from facemogle.ui.data_url import data_url

log = logging.getLogger(__name__)

Packet = dict[str, Any]

Finish = Callable[[Image.Image, float], bytes]
"""The finished image and the share of it that was kept -> the PNG that the visitor gets."""

FULL_WEIGHT = 65535
"""What 1 is among the gate weights of a step."""


def packets(
    engine: Engine,
    request: Request,
    is_wanted: IsWanted,
    accept: Callable[[Recorded], None],
    finish: Finish,
) -> Iterator[Packet]:
    """Sample and yield packets; never raises, as the page shows every failure in place.

    is_wanted: asked before each step; once it is false, sampling ends with ``stopped``.
    accept: called with the finished image, unless it is a draft.
    """
    try:
        yield from _sample(engine, request, is_wanted, accept, finish)
    except Unwanted:
        yield {"kind": "stopped"}
    except Exception as error:
        yield explained(error)


def render(engine: Engine, request: Request, is_wanted: IsWanted) -> tuple[Image.Image, Trace]:
    """Sample to the end. Arguments, and what is raised, are those of `Engine.reports`."""
    request = replace(request, has_previews=False)
    done = [one for one in engine.reports(request, is_wanted) if isinstance(one, Report)]
    image = done[-1].image
    assert image is not None, "the last report has the finished image"
    times = np.array([report.t for report in done], np.float32)
    weights = np.stack([report.gate_weights for report in done])
    return Image.fromarray(image), Trace(times, weights, request.grid)


def explained(error: Exception) -> Packet:
    """What a visitor reads: of their own mistakes what to do, of failures that nothing is lost."""
    if isinstance(error, ValueError):
        return {"kind": "error", "text": str(error), "canRetry": False}
    return {"kind": "error", "text": f"{failure(error)} Your drawing is kept.", "canRetry": True}


def failure(error: Exception) -> str:
    """What a person reads when the program is at fault; details go to the server's log."""
    if isinstance(error, EngineError):
        log.error("generating failed: %s", error)
        return str(error)
    log.error("generating failed", exc_info=error)
    return f"The image could not be made ({type(error).__name__}; see the server's log)."


def _sample(
    engine: Engine,
    request: Request,
    is_wanted: IsWanted,
    accept: Callable[[Recorded], None],
    finish: Finish,
) -> Iterator[Packet]:
    with closing(engine.reports(request, is_wanted)) as reports:
        started = next(reports)
        assert isinstance(started, Started)
        yield _start(request, started)
        for report in reports:
            assert isinstance(report, Report) and report.image is not None
            if report.recorded is not None:
                accept(report.recorded)
            image = Image.fromarray(report.image)
            if report.index == started.num_steps - 1:
                url = data_url("png", finish(image, started.kept))
            else:
                url = _jpeg_url(image)
            yield _step(report, url)
    yield {"kind": "done"}


def _start(request: Request, started: Started) -> Packet:
    return {
        "kind": "start",
        "steps": started.num_steps,
        "grid": request.grid,
        "kept": started.kept,
    }


def _step(report: Report, image_url: str) -> Packet:
    return {
        "kind": "step",
        "index": report.index,
        "t": report.t,
        "image": image_url,
        "gate": quantised(report.gate_weights),
    }


def quantised(weights: np.ndarray) -> str:
    """Gate weights (N, 20) as base64 of little-endian uint16, 65535 = 1, token by token."""
    return b64encode(np.rint(weights * FULL_WEIGHT).astype("<u2").tobytes()).decode()


def _jpeg_url(image: Image.Image) -> str:
    content = BytesIO()
    image.save(content, "jpeg", quality=85)
    return data_url("jpeg", content.getvalue())
