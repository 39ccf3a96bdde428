"""The page in a process of its own, for measurements: nothing of the model is imported here."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "assets" / "templates"


@contextmanager
def served_apart(*arguments: str) -> Iterator[tuple[str, int]]:
    """Serve the page in a process of its own, as `app.py` does; its address and process id."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:  # one of them tells the address
            if str(port) in line:
                break
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
