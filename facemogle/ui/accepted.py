"""Finished images of all sessions, kept for a while: what edits start from."""

from __future__ import annotations

from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from facemogle.runs.experts import UNTOUCHED
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Change, Request
from facemogle.serving.engine import Engine
from facemogle.ui.asked import read_drawing, read_request
from facemogle.ui.data_url import read_data_url

OTHER = 1 / 3
"""Share of a mask's pixels; one that differs in more of them is another face's mask.

Any two of the template faces differ in 0.35 or more; hair made long, or a huge hat, changes 0.23.
"""


@dataclass(frozen=True, eq=False)
class Accepted:
    """A finished image, and what made it that face: what an edit starts from.

    face: ``Request.face``; None for an image that was not made here, and for the edits of it.
    whole: label map uint8 (h, w) of the whole face that it is or is an edit of; None if none is
    known.
    """

    face: tuple[Any, ...] | None
    recorded: Recorded
    whole: np.ndarray | None = None

    @classmethod
    def from_page(cls, engine: Engine, base: dict[str, Any]) -> Accepted:
        """Take an image that the page sent along. base: as in ``facemogle.ui.studio``.

        Raises ValueError, or EngineError.
        """
        drawing = read_drawing(b64decode(base["mask"], validate=True))
        prompt = base["prompt"]
        experts = base.get("muted", ()), base.get("expert_strengths", UNTOUCHED)
        asked = prompt or "", base["seed"], 1, *experts
        request = read_request(engine.facts, drawing, *asked)
        whole = None
        if base.get("whole"):
            whole_drawing = read_drawing(b64decode(base["whole"], validate=True))
            whole = read_request(engine.facts, whole_drawing, *asked).label_map
        try:
            image = read_data_url(base["image"])
            recorded = engine.record(image, drawing, int(base["seed"]))
        except ValueError as error:
            raise ValueError(
                f"The image that you edit cannot be read ({error}). Open it again."
            ) from error
        return cls(None if prompt is None else request.face, recorded, whole)

    def edited(self, request: Request, strength: float) -> Request:
        """The request as an edit of this face, if it changes its mask and nothing else.

        With another prompt, say, it asks for another face, and so it does with another mask, as
        one that was opened: an edit would leave shreds. The very same again is no change, and
        makes a whole face; so does a mask that has come back to that of the whole face from which
        edits led here: the same mask, prompt and seed are the same image. Raises ValueError if an
        image that was not made here would be left as it is.
        """
        if self.face not in (None, request.face):
            return request
        if np.array_equal(self.recorded.label_map, request.label_map):
            if self.face is None:
                raise ValueError(
                    "The mask is as it was, so the image stays as it is. Paint a change, or turn "
                    "on Regenerate everything."
                )
            return request
        if self.whole is not None and np.array_equal(self.whole, request.label_map):
            return request
        is_other = np.mean(self.recorded.label_map != request.label_map) > OTHER
        if self.face is not None and is_other:
            return request
        return replace(request, change=Change(self.recorded, strength))


class Kept:
    """Accepted images of all sessions by request number, within a limit.

    limit: bytes of all together; the least recently used are forgotten.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._images: OrderedDict[tuple[str, int], Accepted] = OrderedDict()
        self._lock = Lock()

    def get(self, session: str, number: int) -> Accepted | None:
        """The image of a session's request, if there was one and it is still there."""
        key = session, number
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
            return self._images.get(key)

    def put(self, session: str, number: int, image: Accepted) -> None:
        """Keep the image of a request."""
        with self._lock:
            self._images[session, number] = image
            while sum(kept.recorded.nbytes for kept in self._images.values()) > self.limit:
                self._images.popitem(last=False)

    def forget(self, session: str) -> None:
        """Drop the images of a session that has left."""
        with self._lock:
            for key in [key for key in self._images if key[0] == session]:
                del self._images[key]
