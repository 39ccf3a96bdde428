"""A folder of faces: images, label maps and captions."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from torch.utils.data import Dataset

from facemogle.masks.hiding import hidden
from facemogle.masks.label_map import present_regions
from facemogle.masks.label_orders import OURS
from facemogle.masks.reading import read_mask
from facemogle.render.augment import painted_like

CAPTION_FILES = ("metadata.jsonl", "attributes.jsonl")
MORE_HIDDEN = 0.4
MOST_HIDDEN = 4


@dataclass(frozen=True)
class Face:
    """image: uint8 (H, W, 3) RGB. label_map: uint8 (H, W), 0..18. caption: its first one."""

    image: np.ndarray
    label_map: np.ndarray
    caption: str


class MapKind(NamedTuple):
    """Which of a face's label maps. bare: what lies under its glasses. painted: by a rough hand.
    hidden: some regions are taken out, see `facemogle.masks.hiding`.
    """

    bare: bool = False
    painted: bool = False
    hidden: bool = False


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The JSON lines of a folder's faces, in the order of their ids.

    Raises FileNotFoundError if it has none.
    """
    lines = next((p for n in CAPTION_FILES if (p := folder / n).is_file()), None)
    if lines is None:
        raise FileNotFoundError(
            f"{folder} has neither {' nor '.join(CAPTION_FILES)}; a training folder holds "
            "images/, labels/ and one JSON line per face with 'id' and 'caption'."
        )
    rows = [json.loads(line) for line in lines.read_text("utf8").splitlines()]
    return sorted(rows, key=lambda row: row["id"])


class FaceFolder(Dataset[Face]):
    """Faces of a folder with ``images/``, ``labels/`` and one JSON line per face.

    The JSON lines (``metadata.jsonl`` or ``attributes.jsonl``) carry ``id``, the common stem of
    image and label map, and ``caption`` or several ``captions``. ``labels_bare/`` may hold more
    label maps, of what lies under the glasses of those who wear some. Files are read when asked
    for, so that the size of the data set is not limited by memory.

    size: side of images and label maps, in pixels. most: take only the first so many faces.
    Raises FileNotFoundError naming what is missing.
    """

    images, labels = "images", "labels"

    def __init__(self, folder: str | Path, size: int, most: int = 1_000_000) -> None:
        self.folder, self.size = Path(folder), size
        self.captions = self._read_captions()
        self.ids = list(self.captions)[:most]
        self.suffix = self._find_suffix()
        self.bare = {path.stem for path in (self.folder / "labels_bare").glob("*.png")}

    def _read_captions(self) -> dict[str, list[str]]:
        """The captions of each face by its id, in the faces' order."""
        rows = read_rows(self.folder)
        return {row["id"]: row.get("captions") or [row["caption"]] for row in rows}

    def _find_suffix(self) -> str:
        folder = self.folder / self.images
        first = next(folder.glob(f"{self.ids[0]}.*"), None) if self.ids else None
        if first is None:
            raise FileNotFoundError(f"{folder} has no image of the first of {len(self.ids)} faces.")
        return first.suffix

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, n: int) -> Face:
        return Face(self.image(n), self.label_map(n), self.captions[self.ids[n]][0])

    def image(self, n: int) -> np.ndarray:
        """Image of face n, area-averaged: uint8 (size, size, 3)."""
        path = self.folder / self.images / f"{self.ids[n]}{self.suffix}"
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise FileNotFoundError(f"{path} is missing or not an image.")
        return cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_AREA)

    def label_map(self, n: int, kind: MapKind = MapKind()) -> np.ndarray:  # noqa: B008
        """Label map of face n, by nearest neighbour: uint8 (size, size).

        The painted one is always the same, and so is what is hidden. A bare one needs the face's
        id in ``bare``.
        """
        name = self.ids[n]
        path = self.folder / ("labels_bare" if kind.bare else self.labels) / f"{name}.png"
        size = (self.size, self.size)
        label_map = read_mask(path, size=size, labels=OURS).label_map
        if kind.painted:
            label_map = painted_like(label_map, np.random.default_rng(zlib.crc32(name.encode())))
        if kind.hidden:
            label_map = some_hidden(label_map, random.Random(name))
        return label_map


def some_hidden(label_map: np.ndarray, draw: random.Random) -> np.ndarray:
    """The label map without one of its regions, or now and then without several."""
    present = present_regions(label_map)
    most = min(MOST_HIDDEN, len(present) - 1)
    count = draw.randint(1, max(most, 1)) if draw.random() < MORE_HIDDEN else 1
    return hidden(label_map, draw.sample(present, min(count, most)))
