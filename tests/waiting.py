"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds, on a busy machine


def until(condition: Callable[[], object], what: str = "") -> None:
    """Return once the condition holds. Fails, naming what was waited for, if it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain {what}"
        time.sleep(0.02)
