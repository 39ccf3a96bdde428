"""A prompt while it is typed: what the page marks in it, and says of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from facemogle.prompts.reading import PromptReading, Span
from facemogle.prompts.regions import painted_words


class Prompts:
    """Reads prompts for the page. read: as the page's model does."""

    def __init__(self, read: Callable[[str], PromptReading]) -> None:
        self.read = read

    def read_words(self, sent: Any) -> dict[str, Any]:
        """Mark the words of a prompt. Called by the browser, outside the queue.

        sent: the prompt. Returns ``text``, what the model is to see; ``limit``, tokens
        that it reads; and lists of spans with ``start``, ``end`` (indices of a JavaScript string)
        and ``text``: ``unknown`` with ``suggestions``, ``omitted``, ``weights`` with ``weight`` and
        ``asked``, ``painted`` with ``region`` and ``isKnown``. Or ``error``.
        """
        if not isinstance(sent, str):
            return {"error": f"The prompt is {sent!r:.40}. Send text."}
        reading = self.read(sent)
        places = _script_places(sent)

        def span(one: Span, **more: Any) -> dict[str, Any]:
            return {"start": places[one.start], "end": places[one.end], "text": one.text} | more

        return {
            "text": reading.text,
            "limit": reading.limit,
            "unknown": [span(one, suggestions=one.suggestions) for one in reading.unknown],
            "omitted": [span(one) for one in reading.omitted],
            "weights": [span(o, weight=o.weight, asked=o.asked) for o in reading.weights],
            "painted": [
                span(one, region=one.region, isKnown=one.is_known)
                for one in painted_words(sent, reading.unknown)
            ],
        }


def _script_places(text: str) -> list[int]:
    """Where each letter, and the end, is in a JavaScript string: an emoji is two there."""
    return list(accumulate((2 if ord(letter) > 0xFFFF else 1 for letter in text), initial=0))
