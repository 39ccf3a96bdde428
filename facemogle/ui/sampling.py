"""Run one job and report it: step by step to the page, or as a whole to the API.

A packet is a JSON object for the browser. ``kind`` says what it is: ``start`` (steps, grid, notes,
kept: share of the pixels that stay those of the picture before, else 0), ``step`` (index, t,
picture, gate), and one last ``done``, ``stopped`` or ``error`` (text), or ``forgotten`` alone: the
picture that is to be edited has to be sent along.
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
import torch
from PIL import Image

from facemogle.editing import Edit, Recorded
from facemogle.mask import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.request import grid_of
from facemogle.sampling import Step, Steps
from facemogle.trace import Trace
from facemogle.ui.data_url import data_url, read_data_url
from facemogle.ui.job import Job
from facemogle.ui.provenance import signed_png

log = logging.getLogger(__name__)

Packet = dict[str, Any]

FULL_WEIGHT = 65535

DRAFT_CONTEXT = 2
"""Tokens around a change that a draft sees of the picture: enough to match it, and soon done."""


@dataclass(frozen=True, eq=False)
class Accepted:
    """A finished picture, and what made it that face: what an edit starts from.

    face: ``Job.face``; None for a picture that was not made here, and for the edits of it.
    """

    face: tuple[Any, ...] | None
    recorded: Recorded

    @classmethod
    def from_page(cls, pipeline: FaceMoGLEPipeline, base: dict[str, Any]) -> Accepted:
        """Take a picture that the page sent along. base: as in ``facemogle.ui.studio``.

        Raises ValueError.
        """
        mask, prompt = b64decode(base["mask"], validate=True), base["prompt"]
        experts = {name: base[name] for name in ("muted", "expert_strengths") if name in base}
        job = Job.checked(mask, prompt or "", base["seed"], steps=1, **experts)
        try:
            picture = read_data_url(base["picture"])
            noise = torch.Generator("cpu").manual_seed(job.seed)
            recorded = Recorded.from_picture(pipeline, picture, job.label_map, noise)
        except (ValueError, OSError, SyntaxError) as error:  # the last is Pillow's own
            raise ValueError(
                f"The picture that you edit cannot be read ({error}). Open it again."
            ) from error
        return cls(None if prompt is None else job.face, recorded)

    def is_of(self, job: Job) -> bool:
        """Whether a job is about this face; another prompt, say, asks for another one."""
        return self.face is None or self.face == job.face

    @property
    def size(self) -> int:
        """Bytes in memory."""
        recorded = self.recorded
        return recorded.picture.nbytes + recorded.label_map.nbytes + recorded.latents.nbytes


def packets(
    pipeline: FaceMoGLEPipeline,
    job: Job,
    before: Accepted | None,
    is_wanted: Callable[[], bool],
    accept: Callable[[Accepted], None],
    model: str,
) -> Iterator[Packet]:
    """Sample and yield packets; never raises, as the page shows every failure in place.

    before: the visitor's last picture; a job that changed its mask only keeps the rest of it.
    is_wanted: asked before each step; once it is false, sampling ends with ``stopped``.
    accept: called with the finished picture, unless it is a draft.
    model: name that the finished picture's file says it was made with.
    """
    try:
        yield from _sample(pipeline, Making.of(pipeline, job, before), is_wanted, accept, model)
    except ValueError as error:
        yield {"kind": "error", "text": str(error)}
    except Exception as error:
        log.exception("sampling failed")
        yield {"kind": "error", "text": f"{failure(error)} Your drawing is kept."}


def render(
    pipeline: FaceMoGLEPipeline, steps: Steps, is_wanted: Callable[[], bool]
) -> tuple[Step, Trace]:
    """Sample to the end and return the last step and the trace.

    is_wanted: asked after each step. Raises Unwanted once it is false.
    """
    done = []
    with closing(steps):
        for step in steps:
            if not is_wanted():
                raise Unwanted
            done.append(step)
    side = pipeline.config["default_size"]
    return done[-1], Trace.from_steps(done, grid_of((side, side)))


class Unwanted(Exception):
    """Nobody waits for the picture any more."""


@dataclass(frozen=True, eq=False)
class Making:
    """How a job is carried out: as a whole face or as an edit of the picture before.

    is_foreign: whether the picture before was not made here.
    """

    job: Job
    label_map: np.ndarray
    edit: Edit | None
    is_foreign: bool

    @classmethod
    def of(cls, pipeline: FaceMoGLEPipeline, job: Job, before: Accepted | None) -> Making:
        """Choose: an order for another face, or the very same again, makes a whole face."""
        side = pipeline.config["default_size"]
        label_map = read_mask(job.label_map, size=(side, side)).label_map
        edit, is_foreign = None, False
        if (
            before is not None
            and not job.whole_face
            and before.is_of(job)
            and not np.array_equal(before.recorded.label_map, label_map)
        ):
            is_foreign = before.face is None
            edit = Edit(
                pipeline,
                before.recorded,
                label_map,
                job.prompt,
                job.steps,
                strength=job.strength,
                context=DRAFT_CONTEXT if job.is_draft else None,
                **job.experts,
            )
        return cls(job, label_map, edit, is_foreign)

    @property
    def num_steps(self) -> int:
        return self.job.steps if self.edit is None else self.edit.num_steps

    @property
    def kept(self) -> float:
        """Share of the pixels that stay what they were."""
        return 0.0 if self.edit is None else float((self.edit.area.pixels == 0).mean())

    def steps(self, pipeline: FaceMoGLEPipeline) -> Steps:
        return stream(pipeline, self.job) if self.edit is None else self.edit.steps()

    def picture(self, pipeline: FaceMoGLEPipeline, latents: torch.Tensor) -> Image.Image:
        if self.edit is None:
            return pipeline.decode(latents, *self.label_map.shape)
        return self.edit.picture(latents)

    def signed_url(self, picture: Image.Image, model: str) -> str:
        """The finished picture with what it was made from, exact to the pixel."""
        facts = {
            "prompt": self.job.prompt,
            "seed": self.job.seed,
            "steps": self.job.steps,
            "kept": self.kept,
            "is_foreign": self.is_foreign,
            **self.job.experts,
            "model": model,
        }
        return data_url("png", signed_png(picture, self.job.label_map, facts))

    def accepted(self, done: list[Step], picture: Image.Image) -> Accepted:
        if self.edit is None:
            recorded = Recorded.from_run(done, np.asarray(picture), self.label_map)
        else:
            recorded = self.edit.recorded(done, np.asarray(picture))
        return Accepted(None if self.is_foreign else self.job.face, recorded)


def stream(pipeline: FaceMoGLEPipeline, job: Job) -> Steps:
    """Start sampling a job. The noise is drawn on the CPU, so a seed means the same everywhere."""
    return pipeline.stream(
        job.prompt,
        job.label_map,
        num_inference_steps=job.steps,
        generator=torch.Generator("cpu").manual_seed(job.seed),
        **job.experts,
    )


def failure(error: Exception) -> str:
    """What a person reads when the program is at fault; details are in the server's log."""
    return f"The picture could not be made ({type(error).__name__}; see the server's log)."


def _sample(
    pipeline: FaceMoGLEPipeline,
    making: Making,
    is_wanted: Callable[[], bool],
    accept: Callable[[Accepted], None],
    model: str,
) -> Iterator[Packet]:
    if not is_wanted():  # stopped while it waited in the queue
        yield {"kind": "stopped"}
        return
    yield _start(pipeline, making)
    done = []
    with closing(making.steps(pipeline)) as steps:
        for step in steps:
            if not is_wanted():
                yield {"kind": "stopped"}
                return
            done.append(step)
            is_last = len(done) == making.num_steps
            latents = step.latents if is_last else step.clean_latents
            picture = making.picture(pipeline, latents)
            if is_last and not making.job.is_draft:
                accept(making.accepted(done, picture))
            url = making.signed_url(picture, model) if is_last else _jpeg_url(picture)
            yield _step(step, url)
    yield {"kind": "done"}


def _start(pipeline: FaceMoGLEPipeline, making: Making) -> Packet:
    words, limit = len(making.job.prompt.split()), pipeline.config["text_length"]
    side = pipeline.config["default_size"]
    notes = []
    if words > limit:  # a word is at least one token, so the encoder certainly cuts
        notes.append(f"The prompt has {words} words; the model reads about the first {limit}.")
    return {
        "kind": "start",
        "steps": making.num_steps,
        "grid": grid_of((side, side)),
        "notes": notes,
        "kept": making.kept,
    }


def _step(step: Step, picture_url: str) -> Packet:
    assert step.gate_weights is not None, "a job has a mask"
    return {
        "kind": "step",
        "index": step.index,
        "t": step.t,
        "picture": picture_url,
        "gate": quantised(step.gate_weights[0]),
    }


def quantised(weights: torch.Tensor) -> str:
    """Gate weights (N, 20) as base64 of little-endian uint16, 65535 = 1, token by token."""
    scaled = weights.float().cpu().numpy() * FULL_WEIGHT
    return b64encode(np.rint(scaled).astype("<u2").tobytes()).decode()


def _jpeg_url(picture: Image.Image) -> str:
    content = BytesIO()
    picture.save(content, "jpeg", quality=85)
    return data_url("jpeg", content.getvalue())
