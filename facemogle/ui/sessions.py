"""Which request of each browser session is the newest, and who waits for how many others."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

REMEMBERED = 10_000
"""Sessions that have left, whose waiting requests are still told from new ones."""


class Sessions:
    """Newest request number per session, and the line of those whose request is not finished.

    The browser numbers its requests, and each registers its number when its turn comes. Meanwhile
    an announcement, outside the queue, makes older ones stale at once; it may come late or not at
    all. A running request asks before each step whether it still is the newest. Stopping is
    announcing a number for which no request follows. Gradio's ``cancels`` would lose quick
    repetitions and waits its turn.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._line: dict[str, int] = {}  # in the order in which the requests came
        self._left: OrderedDict[str, int] = OrderedDict()  # and the newest number then
        self._lock = Lock()

    def announce(self, session: str, number: int, *, has_request: bool) -> None:
        """Make all requests of this session with a lower number stale.

        has_request: whether a request of this number follows, or this only stops the others.
        """
        with self._lock:
            if number < self._newest.get(session, number):
                return
            if number <= self._left.get(session, number - 1):
                return  # its page was closed while it waited
            is_known = self._newest.get(session) == number  # by a request that was quicker
            self._newest[session] = number
            if not has_request:
                self._line.pop(session, None)
            elif not is_known:
                self._line.pop(session, None)  # the newest request waits from now on
                self._line[session] = number

    def enter(self, session: str) -> None:
        """A program's calls have no numbers: all of them stand until it leaves."""
        with self._lock:
            self._newest[session] = 0

    def begin(self, session: str, number: int) -> None:
        """A request's turn has come: it is the newest, unless a newer one was announced."""
        self.announce(session, number, has_request=True)

    def is_newest(self, session: str, number: int) -> bool:
        """Whether the request still stands; false after the session has left."""
        with self._lock:
            return self._newest.get(session) == number

    def ahead(self, session: str, number: int) -> int | None:
        """How many requests are to be made before this one; None if it is not in the line."""
        with self._lock:
            if self._line.get(session) != number:
                return None
            return list(self._line).index(session)

    def finish(self, session: str, number: int) -> None:
        """Take a request out of the line that was carried out or given up."""
        with self._lock:
            if self._line.get(session) == number:
                del self._line[session]

    def leave(self, session: str) -> None:
        """Forget a session whose page was closed; its running request stops, none follows."""
        with self._lock:
            self._left[session] = self._newest.pop(session, -1)
            self._line.pop(session, None)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
