"""A request whose process was lost is carried out again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from facemogle.serving.engine import EngineError

log = logging.getLogger(__name__)

T = TypeVar("T")


class LostReplica(Exception):
    """The process that made an image has ended, or cannot be reached any more."""


def done_again(attempt: Callable[[], Generator[T, None, None]]) -> Generator[T, None, None]:
    """Yield what an attempt yields; after a LostReplica make another one, once.

    The same request gives the same reports, so those that came already are omitted, and whoever
    follows them sees a pause. Raises EngineError after the second loss.
    """
    delivered = 0
    for _ in range(2):
        try:
            with closing(attempt()) as made:
                for number, item in enumerate(made):
                    if number >= delivered:
                        delivered += 1
                        yield item
            return
        except LostReplica as error:
            log.warning("a replica was lost: %s", error)
    raise EngineError(
        "The process that made this image was lost, and so was the one that tried again. "
        "Generate once more; if that fails too, the server's log says why."
    )
