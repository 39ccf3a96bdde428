"""The download of the parser for photographs, in a thread of its own, with progress."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import Any, Literal

from huggingface_hub.utils import tqdm

from facemogle.photo.hub import HUB_BYTES, download_parser, has_parser
from facemogle.weights.errors import CheckpointError

BYTES_BAR = "huggingface_hub.snapshot_download"
"""The name of the bar that counts bytes on disk; others count files, or bytes on their way."""


@dataclass(frozen=True)
class Progress:
    """How far the download is.

    state: "idle" before it was started, "done" from the beginning if it is here. done, total:
    bytes. error: why it failed, or "".
    """

    state: Literal["idle", "running", "done", "cancelled", "failed"] = "idle"
    done: int = 0
    total: int = HUB_BYTES
    error: str = ""


class Cancelled(Exception):
    """The download was told to stop; what has arrived is kept for the next time."""


class ParserDownload:
    """Downloads the hub's parser; several threads may ask for it and about it."""

    def __init__(self) -> None:
        self.progress = Progress("done" if has_parser() else "idle")
        self._is_wanted = False
        self._lock = Lock()

    def start(self) -> None:
        """Download it, unless it is here or on its way."""
        with self._lock:
            self._is_wanted = True
            if self.progress.state not in ("running", "done"):
                self.progress = Progress("running")
                Thread(target=self._run, daemon=True).start()

    def cancel(self) -> None:
        """Stop at the next bytes that arrive."""
        self._is_wanted = False

    def _run(self) -> None:
        try:
            download_parser(self._bar_class())
        except Cancelled:
            self._end("cancelled")
        except CheckpointError as error:
            self._end("failed", str(error))
        except Exception as error:
            self._end("failed", f"The download failed: {type(error).__name__}: {error}")
        else:
            self._end("done")

    def _end(self, state: Any, error: str = "") -> None:
        self.progress = replace(self.progress, state=state, error=error)

    def _arrived(self, count: int) -> None:
        if not self._is_wanted:
            raise Cancelled
        self.progress = replace(self.progress, done=self.progress.done + count)

    def _bar_class(self) -> type[tqdm]:
        download = self

        class Bar(tqdm):
            """Tells the download instead of a terminal."""

            def __init__(self, *arguments: Any, **options: Any) -> None:
                self.counts = options.get("name") == BYTES_BAR
                super().__init__(*arguments, **{**options, "file": io.StringIO()})

            def update(self, n: float | None = 1) -> bool | None:
                download._arrived(int(n or 0) if self.counts else 0)
                return super().update(n)

        return Bar
