"""A folder of rendered faces in the ``imagefolder`` layout of Hugging Face ``datasets``.

images/NNNNNN.jpg, labels/NNNNNN.png (index PNG), labels_bare/NNNNNN.png (faces with glasses: what
lies under them), metadata.jsonl; faces.jpg and labels.png show the first of them. Several workers
share nothing but the folder: each writes its faces and its own rows, which are joined at the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from facemogle.masks.label_map import index_png
from facemogle.masks.regions import REGIONS
from facemogle.render.captions import captions
from facemogle.render.face import Face, sample_face
from facemogle.render.labels import areas
from facemogle.render.rendering import Rendering

FOLDERS = ("images", "labels", "labels_bare")
ROWS = "rows"
"""Folder of the rows of unfinished runs, one file per worker."""
SHEET_FACES, SHEET_COLUMNS = 64, 8
SEEN = 0.01
"""Per cent of the image from which on a region counts as visible."""
JPEG_QUALITY, SHEET_QUALITY = 95, 80


Render = Callable[[Face], Rendering]


class FolderError(ValueError):
    """The folder holds faces of another seed. The message says what to do."""


def write_faces(
    folder: Path,
    render: Render,
    seed: int,
    numbers: Iterable[int],
    worker: int = 0,
    is_even: bool = False,
) -> Generator[int, None, None]:
    """Render those of a seed's faces that the folder lacks.

    numbers: of the faces. is_even: see `sample_face`.
    worker: number of the process, a file of rows for each.
    Yields the number of each face after it is written. A face counts as written once its row is,
    so an interrupted run goes on where it stopped.
    """
    for name in (*FOLDERS, ROWS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    done = {row["id"] for row in read_rows(folder)}
    with (folder / ROWS / f"{worker}.jsonl").open("a", encoding="utf8") as rows:
        for number in numbers:
            if face_id(number) in done:
                continue
            face = sample_face(seed, number, is_even=is_even)
            row = write_face(folder, face, render(face))
            rows.write(json.dumps(row) + "\n")
            rows.flush()
            yield number


def write_face(folder: Path, face: Face, rendering: Rendering) -> dict[str, Any]:
    """Write a face's files and return its row: file name, captions, every attribute."""
    name = face_id(face.index)
    image = Image.fromarray(rendering.image)
    image.save(folder / "images" / f"{name}.jpg", quality=JPEG_QUALITY, subsampling=0)
    (folder / "labels" / f"{name}.png").write_bytes(index_png(rendering.labels))
    if rendering.bare is not None:
        (folder / "labels_bare" / f"{name}.png").write_bytes(index_png(rendering.bare))
    area = areas(rendering.labels)
    visible = {region.name: area[region.index] >= SEEN for region in REGIONS}
    texts = captions(face, visible, face.draw("words"))
    return {
        "file_name": f"images/{name}.jpg", "id": name, "caption": texts[0], "captions": texts,
        **face.attributes(), "visible": visible, "area": area,
    }  # fmt: skip


def check_seed(folder: Path, seed: int) -> None:
    """Refuse a folder with faces of another seed: the set would be neither one nor the other."""
    row = next(read_rows(folder), None)
    if row is not None and row["seed"] != seed:
        raise FolderError(
            f"{folder} holds faces of seed {row['seed']}, not {seed}; give that seed or another "
            "folder."
        )


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """All rows of a folder; a line that a killed worker left half written is skipped."""
    for path in (folder / "metadata.jsonl", *sorted((folder / ROWS).glob("*.jsonl"))):
        if path.is_file():
            for line in path.read_text("utf8").splitlines():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    continue


def finish(folder: Path) -> int:
    """Join the rows in metadata.jsonl, draw the sheets, and return the number of faces."""
    rows = {row["id"]: row for row in read_rows(folder)}
    ordered = [rows[name] for name in sorted(rows)]
    text = "".join(json.dumps(row) + "\n" for row in ordered)
    unfinished = folder / "metadata.jsonl.part"
    unfinished.write_text(text, "utf8")
    os.replace(unfinished, folder / "metadata.jsonl")
    for path in (folder / ROWS).glob("*.jsonl"):
        path.unlink()
    if (folder / ROWS).is_dir():
        (folder / ROWS).rmdir()
    if ordered:
        draw_sheets(folder, [row["id"] for row in ordered[:SHEET_FACES]])
    return len(ordered)


def draw_sheets(folder: Path, names: list[str]) -> None:
    """Draw faces in rows of eight in faces.jpg, their label maps likewise in labels.png."""
    faces = [np.asarray(Image.open(folder / "images" / f"{name}.jpg")) for name in names]
    labels = [np.asarray(Image.open(folder / "labels" / f"{name}.png")) for name in names]
    Image.fromarray(_in_rows(faces)).save(folder / "faces.jpg", quality=SHEET_QUALITY)
    (folder / "labels.png").write_bytes(index_png(_in_rows(labels)))


def _in_rows(tiles: list[np.ndarray]) -> np.ndarray:
    tiles = tiles + [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    rows = [np.hstack(tiles[n : n + SHEET_COLUMNS]) for n in range(0, len(tiles), SHEET_COLUMNS)]
    return np.vstack(rows)


def face_id(number: int) -> str:
    """The common stem of a face's files."""
    return f"{number:06d}"
