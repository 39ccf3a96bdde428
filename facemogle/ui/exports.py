"""What a person saves from the gating view: the trace, a contact sheet, an animation.

The browser keeps the run; nothing of it stays on the server, so it sends the run along.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from facemogle.gate.film import FilmFormat
from facemogle.gate.heatmap import Scale
from facemogle.gate.trace import Trace
from facemogle.masks.label_map import check_label_map
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.ui.data_url import read_data_url
from facemogle.ui.packets import FULL_WEIGHT


def export_gate(sent: dict[str, Any]) -> dict[str, str]:
    """Write one file of a run. Called by the browser, outside the queue.

    sent: kind ("trace", "sheet", "gif", "mp4"); grid, [rows, columns]; times, of S steps; gate, S
        texts as in a step packet; images, S data URLs (a sheet has only the last one); labels,
        base64 of the square label map's rows; expert, 0..19, or 20 for the winners; scale.
    Returns ``name`` and ``content``, base64, or ``error``.
    """
    try:
        name, write = _KINDS[sent["kind"]]
        content = write(_trace(sent), sent)
    except (LookupError, TypeError, ValueError, OverflowError, OSError) as error:
        return {"error": f"The run could not be exported ({error}). Generate again, then export."}
    return {"name": name, "content": b64encode(content).decode()}


def _trace(sent: dict[str, Any]) -> Trace:
    """The trace again, from 16-bit weights: 20 of them sum to 1 within 0.0002."""
    times = np.array(sent["times"], np.float32)
    levels = np.stack([np.frombuffer(b64decode(gate), "<u2") for gate in sent["gate"]])
    weights = levels.astype(np.float32) / FULL_WEIGHT
    rows, columns = (int(length) for length in sent["grid"])
    return Trace(times, weights.reshape(len(levels), -1, NUM_EXPERTS), (rows, columns))


def _save(trace: Trace, sent: dict[str, Any]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        trace.save(path)
        return path.read_bytes()


def _sheet(trace: Trace, sent: dict[str, Any]) -> bytes:
    labels = np.frombuffer(b64decode(sent["labels"]), np.uint8)
    side = round(len(labels) ** 0.5)
    sheet = trace.contact_sheet(
        read_data_url(sent["images"][-1]),
        check_label_map(labels.reshape(side, side)),
        scale=_scale(sent),
    )
    content = BytesIO()
    sheet.save(content, "PNG", optimize=True)
    return content.getvalue()


def _film(trace: Trace, sent: dict[str, Any], format: FilmFormat) -> bytes:
    expert = int(sent["expert"])
    if not 0 <= expert <= NUM_EXPERTS:
        raise ValueError(f"expert {expert} is not one of 0..{NUM_EXPERTS}")
    images = [read_data_url(url) for url in sent["images"]]
    shown = None if expert == NUM_EXPERTS else expert
    return trace.film(images, shown, scale=_scale(sent), format=format)


def _scale(sent: dict[str, Any]) -> Scale:
    return "absolute" if sent["scale"] == "absolute" else "relative"


_KINDS: dict[str, tuple[str, Callable[[Trace, dict[str, Any]], bytes]]] = {
    "trace": ("gate_trace.npz", _save),
    "sheet": ("gate_sheet.png", _sheet),
    "gif": ("gate_steps.gif", partial(_film, format="gif")),
    "mp4": ("gate_steps.mp4", partial(_film, format="mp4")),
}
