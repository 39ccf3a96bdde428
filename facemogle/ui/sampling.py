"""Run one job and report it: step by step to the page, or as a whole to the API.

A packet is a JSON object for the browser. ``kind`` says what it is: ``start`` (steps, grid, notes,
kept: share of the pixels that stay those of the image before, else 0), ``step`` (index, t,
image, gate), and one last ``done``, ``stopped`` or ``error`` (text), or ``forgotten`` alone: the
image that is to be edited has to be sent along.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from facemogle.gate.trace import Trace
from facemogle.masks.reading import read_mask
from facemogle.runs.edit import Recorded
from facemogle.runs.request import grid_of
from facemogle.serving.engine import Engine, EngineError, Facts, IsWanted, Unwanted
from facemogle.serving.frames import Frame, Started
from facemogle.serving.job import Job
from facemogle.ui.data_url import data_url, read_data_url
from facemogle.ui.provenance import signed_png

log = logging.getLogger(__name__)

Packet = dict[str, Any]

FULL_WEIGHT = 65535


@dataclass(frozen=True, eq=False)
class Accepted:
    """A finished image, and what made it that face: what an edit starts from.

    face: ``Job.face``; None for an image that was not made here, and for the edits of it.
    """

    face: tuple[Any, ...] | None
    recorded: Recorded

    @classmethod
    def from_page(cls, engine: Engine, base: dict[str, Any]) -> Accepted:
        """Take an image that the page sent along. base: as in ``facemogle.ui.studio``.

        Raises ValueError, or EngineError.
        """
        mask, prompt = b64decode(base["mask"], validate=True), base["prompt"]
        experts = {name: base[name] for name in ("muted", "expert_strengths") if name in base}
        job = Job.checked(mask, prompt or "", base["seed"], steps=1, **experts)
        try:
            image = read_data_url(base["image"])
            recorded = engine.record(image, job.label_map, job.seed)
        except (ValueError, OSError, SyntaxError) as error:  # the last is Pillow's own
            raise ValueError(
                f"The image that you edit cannot be read ({error}). Open it again."
            ) from error
        return cls(None if prompt is None else job.face, recorded)

    def is_changed_by(self, job: Job) -> bool:
        """Whether a job changes this face; with another prompt, say, it asks for another one.

        The very same again is no change, and makes a whole face.
        """
        if job.whole_face or self.face not in (None, job.face):
            return False
        old = self.recorded.label_map
        return not np.array_equal(old, read_mask(job.label_map, size=old.shape).label_map)

    @property
    def size(self) -> int:
        """Bytes in memory."""
        recorded = self.recorded
        return recorded.image.nbytes + recorded.label_map.nbytes + recorded.latents.nbytes


def packets(
    engine: Engine,
    job: Job,
    before: Accepted | None,
    is_wanted: IsWanted,
    accept: Callable[[Accepted], None],
    model: str,
) -> Iterator[Packet]:
    """Sample and yield packets; never raises, as the page shows every failure in place.

    before: the visitor's last image; a job that changed its mask only keeps the rest of it.
    is_wanted: asked before each step; once it is false, sampling ends with ``stopped``.
    accept: called with the finished image, unless it is a draft.
    model: name that the finished image's file says it was made with.
    """
    if before is not None and not before.is_changed_by(job):
        before = None
    try:
        yield from _sample(engine, job, before, is_wanted, accept, model)
    except Unwanted:
        yield {"kind": "stopped"}
    except ValueError as error:
        yield {"kind": "error", "text": str(error)}
    except Exception as error:
        yield {"kind": "error", "text": f"{failure(error)} Your drawing is kept."}


def render(
    engine: Engine, job: Job, before: Recorded | None, is_wanted: IsWanted
) -> tuple[Image.Image, Trace]:
    """Sample to the end. Arguments, and what is raised, are those of `Engine.frames`."""
    done = [
        frame
        for frame in engine.frames(job, before, is_wanted, has_previews=False)
        if isinstance(frame, Frame)
    ]
    image = done[-1].image
    assert image is not None, "the last frame has the finished image"
    times = np.array([frame.t for frame in done], np.float32)
    weights = np.stack([frame.gate_weights for frame in done])
    return Image.fromarray(image), Trace(times, weights, grid_of(image.shape[:2]))


def failure(error: Exception) -> str:
    """What a person reads when the program is at fault; details go to the server's log."""
    if isinstance(error, EngineError):
        log.error("sampling failed: %s", error)
        return str(error)
    log.error("sampling failed", exc_info=error)
    return f"The image could not be made ({type(error).__name__}; see the server's log)."


def _sample(
    engine: Engine,
    job: Job,
    before: Accepted | None,
    is_wanted: IsWanted,
    accept: Callable[[Accepted], None],
    model: str,
) -> Iterator[Packet]:
    is_foreign = before is not None and before.face is None
    run = engine.frames(job, None if before is None else before.recorded, is_wanted)
    with closing(run):
        started = next(run)
        assert isinstance(started, Started)
        yield _start(engine.facts, job, started)
        for frame in run:
            assert isinstance(frame, Frame) and frame.image is not None
            if frame.recorded is not None:
                accept(Accepted(None if is_foreign else job.face, frame.recorded))
            image = Image.fromarray(frame.image)
            if frame.index == started.num_steps - 1:
                facts = {"kept": started.kept, "is_foreign": is_foreign, "model": model}
                url = _signed_url(image, job, facts)
            else:
                url = _jpeg_url(image)
            yield _step(frame, url)
    yield {"kind": "done"}


def _start(facts: Facts, job: Job, started: Started) -> Packet:
    words, limit = len(job.prompt.split()), facts.text_length
    notes = []
    if words > limit:  # a word is at least one token, so the encoder certainly cuts
        notes.append(f"The prompt has {words} words; the model reads about the first {limit}.")
    return {
        "kind": "start",
        "steps": started.num_steps,
        "grid": grid_of((facts.side, facts.side)),
        "notes": notes,
        "kept": started.kept,
    }


def _step(frame: Frame, image_url: str) -> Packet:
    return {
        "kind": "step",
        "index": frame.index,
        "t": frame.t,
        "image": image_url,
        "gate": quantised(frame.gate_weights),
    }


def quantised(weights: np.ndarray) -> str:
    """Gate weights (N, 20) as base64 of little-endian uint16, 65535 = 1, token by token."""
    return b64encode(np.rint(weights * FULL_WEIGHT).astype("<u2").tobytes()).decode()


def _signed_url(image: Image.Image, job: Job, facts: dict[str, Any]) -> str:
    """The finished image with what it was made from, exact to the pixel."""
    asked = {"prompt": job.prompt, "seed": job.seed, "steps": job.steps, **job.experts}
    return data_url("png", signed_png(image, job.label_map, asked | facts))


def _jpeg_url(image: Image.Image) -> str:
    content = BytesIO()
    image.save(content, "jpeg", quality=85)
    return data_url("jpeg", content.getvalue())
