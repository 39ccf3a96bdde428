"""What happens on the page's events and calls: one engine, any number of sessions."""

from __future__ import annotations

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import gradio as gr
import numpy as np
from PIL import Image

from facemogle.gate.trace import Trace
from facemogle.runs.expert_names import read_muted, read_strengths
from facemogle.serving.engine import Engine, IsWanted, Unwanted
from facemogle.serving.job import Job
from facemogle.ui.photos import Photos
from facemogle.ui.sampling import Accepted, Packet, failure, packets, render
from facemogle.ui.sessions import Sessions

T = TypeVar("T")

_CHECKED = (
    "prompt", "seed", "steps", "strength", "whole_face", "is_draft", "muted", "expert_strengths",
)  # fmt: skip

MAX_KEPT = 48 * 2**20
"""Bytes of accepted images that are kept for edits; who has not edited longest starts anew."""


class Desk:
    """Takes orders and carries them out. model: the checkpoint's name."""

    def __init__(self, engine: Engine, model: str) -> None:
        self.engine, self.model = engine, model
        self.sessions = Sessions()
        self.kept = Kept(MAX_KEPT)

    def announce(self, event: gr.EventData, request: gr.Request) -> None:
        """Make the session's older orders stale, at once."""
        has_order = bool(event.has_order)
        self.sessions.announce(_session(request), int(event.number), has_order=has_order)

    def ask(self, event: gr.EventData, request: gr.Request) -> Packet:
        """Say how many orders are before one that waits; ``ahead`` is None if it got lost."""
        number = int(event.number)
        ahead = self.sessions.ahead(_session(request), number)
        return {"kind": "place", "ahead": ahead, "number": number, "asked": event.asked}

    def generate(self, order: dict[str, Any], request: gr.Request) -> Iterator[Packet]:
        """Carry out an order of the page, laid out as in ``facemogle.ui.studio``."""
        session, number = _session(request), int(order["number"])
        try:
            for packet in self._packets(session, number, order):
                yield {**packet, "number": number}
        finally:
            self.sessions.finish(session, number)

    def _packets(self, session: str, number: int, order: dict[str, Any]) -> Iterator[Packet]:
        try:
            mask = b64decode(order["mask"], validate=True)
            job = Job.checked(mask, **{name: order[name] for name in _CHECKED})
            before = self._before(session, order["base"])
        except ValueError as error:
            yield {"kind": "error", "text": str(error)}
            return
        except Forgotten:
            yield {"kind": "forgotten"}
            return
        except Exception as error:
            yield {"kind": "error", "text": f"{failure(error)} Your drawing is kept."}
            return
        yield from packets(
            self.engine,
            job,
            before,
            partial(self.sessions.is_newest, session, number),
            partial(self.kept.put, session, number),
            self.model,
        )

    def _before(self, session: str, base: dict[str, Any] | None) -> Accepted | None:
        """The image that an order starts from. Raises Forgotten, or what `Engine.record` does."""
        if base is None:
            return None
        number = int(base["number"])
        before = self.kept.get(session, number)
        if before is None:
            if "image" not in base:
                raise Forgotten
            before = Accepted.from_page(self.engine, base)
            self.kept.put(session, number, before)
        return before

    def leave(self, request: gr.Request) -> None:
        """Stop what runs for a page that was closed or a caller who went away."""
        session = _session(request)
        self.sessions.leave(session)
        self.kept.forget(session)

    def make(
        self,
        mask: bytes | None,
        prompt: str,
        seed: int,
        steps: int,
        mute: str,
        expert_strengths: str,
        request: gr.Request,
    ) -> tuple[Image.Image, Trace]:
        """Make one image for a caller of the API; failures become messages."""

        def work(is_wanted: IsWanted) -> tuple[Image.Image, Trace]:
            experts = _experts(mute, expert_strengths)
            job = Job.checked(mask, prompt, seed, steps, **experts)
            return render(self.engine, job, None, is_wanted)

        return self._serve(work, request)

    def alter(
        self,
        image: Image.Image | None,
        mask: bytes | None,
        new_mask: bytes | None,
        prompt: str,
        seed: int,
        steps: int,
        strength: float,
        mute: str,
        expert_strengths: str,
        request: gr.Request,
    ) -> tuple[Image.Image, Trace]:
        """Change a given image where its masks differ, for a caller of the API."""

        def work(is_wanted: IsWanted) -> tuple[Image.Image, Trace]:
            if image is None:
                raise ValueError("There is no image. Give the one that is to be edited.")
            old = Job.checked(mask, prompt, seed, steps)
            job = Job.checked(
                new_mask, prompt, seed, steps, strength, **_experts(mute, expert_strengths)
            )
            before = self.engine.record(image, old.label_map, job.seed)
            return render(self.engine, job, before, is_wanted)

        return self._serve(work, request)

    def read(
        self, photos: Photos, image: Image.Image | None, parser: str, request: gr.Request
    ) -> np.ndarray:
        """Read an image's label map, uint8 (H, W), for a caller of the API."""

        def work(is_wanted: IsWanted) -> np.ndarray:
            if image is None:
                raise ValueError("There is no image. Give the one that is to be read.")
            return photos.parse(image, parser)

        return self._serve(work, request)

    def _serve(self, work: Callable[[IsWanted], T], request: gr.Request) -> T:
        """Do a caller's work while the caller is there."""
        session = _session(request)
        self.sessions.announce(session, 0, has_order=False)
        try:
            return work(partial(self.sessions.is_newest, session, 0))
        except (ValueError, Unwanted) as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            raise gr.Error(failure(error), print_exception=False) from error


class Forgotten(Exception):
    """The image of an order is not here any more: it has to be sent along."""


class Kept:
    """Accepted images of all sessions by order number, within a limit.

    limit: bytes of all together; the least recently used are forgotten.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._images: OrderedDict[tuple[str, int], Accepted] = OrderedDict()
        self._lock = Lock()

    def get(self, session: str, number: int) -> Accepted | None:
        """The image of a session's order, if there was one and it is still there."""
        key = session, number
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
            return self._images.get(key)

    def put(self, session: str, number: int, image: Accepted) -> None:
        """Keep the image of an order."""
        with self._lock:
            self._images[session, number] = image
            while sum(kept.size for kept in self._images.values()) > self.limit:
                self._images.popitem(last=False)

    def forget(self, session: str) -> None:
        """Drop the images of a session that has left."""
        with self._lock:
            for key in [key for key in self._images if key[0] == session]:
                del self._images[key]


def _experts(mute: str, expert_strengths: str) -> dict[str, Any]:
    """How the experts are to be heard, as arguments of a job. Raises ValueError."""
    return {
        "muted": read_muted(mute or ""),
        "expert_strengths": read_strengths(expert_strengths or ""),
    }


def _session(request: gr.Request) -> str:
    session = request.session_hash
    assert session is not None, "every event of a page belongs to a session"
    return session
