"""One line of JSON per image on stderr, for whoever keeps the server."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("facemogle.images")


def start_log() -> None:
    """Write the lines from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.format = format_line
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def write(**facts: Any) -> None:
    """Write one line, with the time before the facts."""
    log.info("image", extra={"facts": facts})


def format_line(record: logging.LogRecord) -> str:
    """The line of a record that `write` made."""
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    facts = {"time": time, "event": record.getMessage(), **record.__dict__["facts"]}
    return json.dumps(facts, ensure_ascii=False)
