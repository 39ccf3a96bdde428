"""What happens on the page's events and calls: one engine, any number of sessions."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import gradio as gr
import numpy as np
from PIL import Image

from facemogle.gate.trace import Trace
from facemogle.photo.framing import EditSquare
from facemogle.photo.opening import open_photo
from facemogle.runs.experts import read_muted, read_strengths
from facemogle.runs.provenance import made_from, signed_png
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Change, Request
from facemogle.serving.engine import Engine, IsWanted, Unwanted
from facemogle.ui.accepted import Accepted, Kept
from facemogle.ui.asked import read_drawing, read_request, read_share
from facemogle.ui.packets import Finish, Packet, explained, failure, packets, render
from facemogle.ui.photos import Photos
from facemogle.ui.sessions import Sessions

T = TypeVar("T")

_ASKED = ("prompt", "seed", "steps", "muted", "expert_strengths")

FIRST = 0
"""Number, as of a request, of the image that every visitor finds."""

_NOBODY = ""  # session of that image

MAX_KEPT = 48 * 2**20
"""Bytes of accepted images that are kept for edits; the least recently used go first."""


class Desk:
    """Takes requests and carries them out. model: the checkpoint's name."""

    def __init__(self, engine: Engine, model: str) -> None:
        self.engine, self.model = engine, model
        self.sessions = Sessions()
        self.kept = Kept(MAX_KEPT)
        self._first: Accepted | None = None

    def announce(self, event: gr.EventData, request: gr.Request) -> None:
        """Make the session's older requests stale, at once."""
        has_request = bool(event.has_request)
        self.sessions.announce(_session(request), int(event.number), has_request=has_request)

    def ask(self, event: gr.EventData, request: gr.Request) -> Packet:
        """Say how many requests are before one that waits; ``ahead`` is None if it got lost."""
        number = int(event.number)
        ahead = self.sessions.ahead(_session(request), number)
        return {"kind": "place", "ahead": ahead, "number": number, "asked": event.asked}

    def generate(self, asked: dict[str, Any], request: gr.Request) -> Iterator[Packet]:
        """Carry out what the page asks for, laid out as in ``facemogle.ui.studio``."""
        session, number = _session(request), int(asked["number"])
        self.sessions.begin(session, number)
        try:
            for packet in self._packets(session, number, asked):
                yield {**packet, "number": number}
        finally:
            self.sessions.finish(session, number)

    def make_first(self, asked: dict[str, Any]) -> Iterator[Packet]:
        """Make the image that every visitor finds; as a base its number is `FIRST`."""
        self.sessions.begin(_NOBODY, FIRST)
        yield from self._packets(_NOBODY, FIRST, asked)
        self._first = self.kept.get(_NOBODY, FIRST)
        self.sessions.leave(_NOBODY)
        self.kept.forget(_NOBODY)

    def _packets(self, session: str, number: int, asked: dict[str, Any]) -> Iterator[Packet]:
        try:
            drawing = read_drawing(b64decode(asked["mask"], validate=True))
            told = {name: asked[name] for name in _ASKED}
            is_draft = bool(asked["is_draft"])
            request = read_request(self.engine.facts, drawing, **told, is_draft=is_draft)
            strength = read_share("Strength", asked["strength"])
            before = self._before(session, asked["base"])
            if before is not None and not asked["whole_face"]:
                request = before.edited(request, strength)
        except Forgotten:
            yield {"kind": "forgotten"}
            return
        except Exception as error:
            yield explained(error)
            return
        accepted = partial(Accepted, request.face, whole=request.label_map)
        if request.change is not None and before is not None:
            accepted = partial(replace, before)
        is_foreign = request.change is not None and before is not None and before.face is None

        def accept(recorded: Recorded) -> None:
            self.kept.put(session, number, accepted(recorded=recorded))

        is_wanted = partial(self.sessions.is_newest, session, number)
        finish = self._signature(request, drawing, is_foreign)
        yield from packets(self.engine, request, is_wanted, accept, finish)

    def _signature(self, request: Request, drawing: np.ndarray, is_foreign: bool) -> Finish:
        """Writes a PNG, exact to the pixel, with what the image was made from."""
        facts = {
            "prompt": request.prompts[0],
            "seed": request.noise,
            **made_from(request),
            "is_foreign": is_foreign,
            "model": self.model,
        }
        return lambda image, kept: signed_png(image, drawing, {**facts, "kept": kept})

    def _before(self, session: str, base: dict[str, Any] | None) -> Accepted | None:
        """The image that a request starts from. Raises Forgotten, or what `Engine.record` does."""
        if base is None:
            return None
        number = int(base["number"])
        before = self._first if number == FIRST else self.kept.get(session, number)
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
            asked = (prompt, seed, steps, *_experts(mute, expert_strengths))
            wanted = read_request(self.engine.facts, read_drawing(mask), *asked)
            return render(self.engine, wanted, is_wanted)

        return self._serve(work, request)

    def alter(
        self,
        image: bytes | None,
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
            photo = open_photo(image, is_whole=True)
            masks = read_drawing(mask), read_drawing(new_mask)
            square = EditSquare.of(photo.pixels, *masks, self.engine.facts.side)
            asked = (prompt, seed, steps, *_experts(mute, expert_strengths))
            wanted = read_request(self.engine.facts, square.after, *asked)
            share = read_share("Strength", strength)
            before = self.engine.record(Image.fromarray(square.image), square.before, int(seed))
            wanted = replace(wanted, change=Change(before, share))
            edited, trace = render(self.engine, wanted, is_wanted)
            return Image.fromarray(square.put_back(np.asarray(edited))), trace

        return self._serve(work, request)

    def read(
        self, photos: Photos, image: bytes | None, parser: str, request: gr.Request
    ) -> np.ndarray:
        """Read an image's label map, uint8 (H, W), for a caller of the API."""

        def work(is_wanted: IsWanted) -> np.ndarray:
            if image is None:
                raise ValueError("There is no image. Give the one that is to be read.")
            return photos.read(image, parser)

        return self._serve(work, request)

    def _serve(self, work: Callable[[IsWanted], T], request: gr.Request) -> T:
        """Do a caller's work while the caller is there."""
        session = _session(request)
        self.sessions.enter(session)
        try:
            return work(partial(self.sessions.is_newest, session, 0))
        except (ValueError, Unwanted) as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            raise gr.Error(failure(error), print_exception=False) from error


class Forgotten(Exception):
    """The image of a request is not here any more: it has to be sent along."""


def _experts(mute: str, expert_strengths: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Regions that are muted, and factors. Raises ValueError."""
    return read_muted(mute or ""), read_strengths(expert_strengths or "")


def _session(request: gr.Request) -> str:
    session = request.session_hash
    assert session is not None, "every event of a page belongs to a session"
    return session
