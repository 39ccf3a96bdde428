"""What happens on the page's events and calls: one pipeline, any number of sessions."""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.trace import Trace
from facemogle.ui.job import Job
from facemogle.ui.sampling import Packet, failure, packets, render
from facemogle.ui.sessions import Sessions

log = logging.getLogger(__name__)


class Desk:
    """Takes orders and carries them out."""

    def __init__(self, pipeline: FaceMoGLEPipeline) -> None:
        self.pipeline = pipeline
        self.sessions = Sessions()

    def announce(self, event: gr.EventData, request: gr.Request) -> None:
        """Make the session's older orders stale, at once."""
        self.sessions.announce(_session(request), int(event.number))

    def generate(self, order: dict[str, Any], request: gr.Request) -> Iterator[Packet]:
        """Carry out an order of the page, laid out as in ``facemogle.ui.studio``."""
        session, number = _session(request), int(order["number"])
        self.sessions.announce(session, number)
        try:
            mask = b64decode(order["mask"], validate=True)
            job = Job.checked(mask, order["prompt"], order["seed"], order["steps"])
        except ValueError as error:
            yield {"kind": "error", "text": str(error), "number": number}
            return
        for packet in packets(
            self.pipeline, job, partial(self.sessions.is_newest, session, number)
        ):
            yield {**packet, "number": number}

    def leave(self, request: gr.Request) -> None:
        """Stop what runs for a page that was closed."""
        self.sessions.leave(_session(request))

    def make(
        self, mask: bytes | None, prompt: str, seed: int, steps: int
    ) -> tuple[Image.Image, Trace]:
        """Make one picture for a caller of the API; failures become messages."""
        try:
            return render(self.pipeline, Job.checked(mask, prompt, seed, steps))
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            log.exception("sampling failed")
            raise gr.Error(failure(error), print_exception=False) from error


def _session(request: gr.Request) -> str:
    session = request.session_hash
    assert session is not None, "every event of a page belongs to a session"
    return session
