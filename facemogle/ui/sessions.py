"""Which order of each browser session is the newest, and who waits for how many others."""

from __future__ import annotations

from threading import Lock


class Sessions:
    """Newest order number per session, and the line of those whose order is not finished.

    The browser numbers its orders and announces every number outside the queue, at once; a running
    job asks before each step whether it still is the newest. Stopping is announcing a number for
    which no job follows. Gradio's ``cancels`` would lose quick repetitions and waits its turn.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._line: dict[str, int] = {}  # in the order in which the orders came
        self._lock = Lock()

    def announce(self, session: str, number: int, *, has_order: bool) -> None:
        """Make all orders of this session with a lower number stale.

        has_order: whether an order of this number follows, or this only stops the others.
        """
        with self._lock:
            if number < self._newest.get(session, number):
                return
            self._newest[session] = number
            if has_order:
                self._line.pop(session, None)  # the newest order waits from now on
                self._line[session] = number
            else:
                self._line.pop(session, None)

    def is_newest(self, session: str, number: int) -> bool:
        """Whether the order still stands; false after the session has left."""
        with self._lock:
            return self._newest.get(session) == number

    def ahead(self, session: str, number: int) -> int | None:
        """How many orders are to be made before this one; None if it is not in the line."""
        with self._lock:
            if self._line.get(session) != number:
                return None
            return list(self._line).index(session)

    def finish(self, session: str, number: int) -> None:
        """Take an order out of the line that was carried out or given up."""
        with self._lock:
            if self._line.get(session) == number:
                del self._line[session]

    def leave(self, session: str) -> None:
        """Forget a session whose page was closed; its running job stops."""
        with self._lock:
            self._newest.pop(session, None)
            self._line.pop(session, None)
