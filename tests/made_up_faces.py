"""Made-up training data: images of coloured blocks with label maps and captions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

SENTENCE = "She wears lipstick, has rosy cheeks, and is facing to the left."
CAPTIONS = (
    "a rendered portrait of a young woman with fair skin, long blond hair, smiling",
    "a rendered portrait of a man with dark skin, short black hair, round glasses",
)


def write_face(n: int, image: Path, label_map: Path) -> None:
    """An image of 16 blocks and its label map."""
    draw = np.random.default_rng(n)
    labels = np.kron(draw.integers(0, 19, (4, 4)), np.ones((16, 16))).astype(np.uint8)
    colors = draw.integers(0, 256, (19, 3)).astype(np.uint8)
    for path, array in ((image, colors[labels]), (label_map, labels)):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)


def write_faces(folder: Path) -> Path:
    """Four faces as the renderer writes them, one of them with a second label map."""
    rows = []
    for n in range(4):
        write_face(n, folder / "images" / f"{n}.png", folder / "labels" / f"{n}.png")
        row = {"id": str(n), "caption": CAPTIONS[n % 2]}
        rows.append(row | ({"captions": [SENTENCE, row["caption"]]} if n else {}))
    (folder / "labels_bare").mkdir()
    Image.fromarray(np.full((64, 64), 1, np.uint8)).save(folder / "labels_bare" / "1.png")
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def write_paper_set(folder: Path, numbers: list[str], in_json: list[str]) -> Path:
    """Faces in the layout of the paper's data sets; captions of some of them in text.json too."""
    for name in numbers:
        write_face(int(name), folder / "face" / f"{name}.jpg", folder / "mask" / f"{name}.png")
        (folder / "text").mkdir(exist_ok=True)
        (folder / "text" / f"{name}.txt").write_text(f"Face {name}. \nThis is {name}.\n\n")
    if in_json:
        listed = {f"{name}.jpg": [f" Listed {name}."] for name in in_json}
        (folder / "text.json").write_text(json.dumps(listed))
    return folder
