"""Which order of each browser session is the newest: a running older one has to stop."""

from __future__ import annotations

from threading import Lock


class Sessions:
    """Newest order number per session.

    The browser numbers its orders and announces every number outside the queue, at once; a running
    job asks before each step whether it still is the newest. Stopping is announcing a number for
    which no job follows. Gradio's ``cancels`` would lose quick repetitions and waits its turn.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._lock = Lock()

    def announce(self, session: str, number: int) -> None:
        """Make all orders of this session with a lower number stale."""
        with self._lock:
            self._newest[session] = max(number, self._newest.get(session, number))

    def is_newest(self, session: str, number: int) -> bool:
        """Whether the order still stands; false after the session has left."""
        with self._lock:
            return self._newest.get(session) == number

    def leave(self, session: str) -> None:
        """Forget a session whose page was closed; its running job stops."""
        with self._lock:
            self._newest.pop(session, None)
