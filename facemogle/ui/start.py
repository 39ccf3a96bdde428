"""What a visitor starts from: template faces, and a finished image of the first one."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from pathlib import Path
from threading import Event, Thread
from typing import Any

from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.runs.experts import UNTOUCHED
from facemogle.ui.desk import Desk
from facemogle.ui.packets import Packet

TEMPLATES = "templates.json"

_PATIENCE = 4
"""Seconds for which a browser is kept waiting; then it asks again."""


def read_templates(folder: Path, side: int) -> list[dict[str, Any]]:
    """The faces of a folder in the order of its ``templates.json``.

    side: pixels of the label maps, either way. Returns for each its title, prompt (what the face
    looks like), seed (one that goes well with both) and label_map, uint8 (side, side).
    """
    entries = json.loads((folder / TEMPLATES).read_text("utf-8"))
    return [
        {**entry, "label_map": read_mask(folder / entry["file"], size=(side, side)).label_map}
        for entry in entries
    ]


class FirstFace:
    """The first template's image with its gate, so that no visitor finds an empty page.

    It is made once, in a thread of its own, which begins at once.
    face: of `read_templates`.
    """

    def __init__(self, desk: Desk, face: dict[str, Any]) -> None:
        self._packets: list[Packet] = []
        self._seconds = 0.0
        self._is_there = Event()
        Thread(target=self._make, args=(desk, face), daemon=True).start()

    def read(self, _sent: Any) -> dict[str, Any]:
        """Called by the browser, outside the queue.

        Returns ``packets`` of `facemogle.ui.packets`, none if there is no such image (yet, if
        ``isComing``), and ``seconds``, how long it took.
        """
        is_there = self._is_there.wait(_PATIENCE)
        return {"packets": self._packets, "seconds": self._seconds, "isComing": not is_there}

    def _make(self, desk: Desk, face: dict[str, Any]) -> None:
        asked = {
            "mask": b64encode(index_png(face["label_map"])).decode(),
            "prompt": face["prompt"],
            "seed": face["seed"],
            "steps": desk.engine.facts.default_steps,
            "strength": 1,
            "whole_face": True,
            "is_draft": False,
            "muted": [],
            "expert_strengths": list(UNTOUCHED),
            "base": None,
        }
        packets = desk.make_first(asked)
        made = [next(packets)]
        began = time.perf_counter()  # the model is there
        made.extend(packets)
        self._seconds = time.perf_counter() - began
        if made[-1]["kind"] == "done":
            self._packets = made
        self._is_there.set()
