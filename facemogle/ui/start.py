"""What a visitor can start from: template faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from facemogle.masks.reading import read_mask

TEMPLATES = "templates.json"


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
