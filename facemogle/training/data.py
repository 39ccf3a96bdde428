"""A folder of faces for training: pictures, label maps and captions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

CAPTION_FILES = ("metadata.jsonl", "attributes.jsonl")


@dataclass(frozen=True)
class Face:
    """image: uint8 (H, W, 3) RGB. label_map: uint8 (H, W), 0..18. caption: one sentence."""

    image: np.ndarray
    label_map: np.ndarray
    caption: str


class FaceFolder(Dataset[Face]):
    """Faces of a folder with ``images/``, ``labels/`` and one JSON line per face.

    The JSON lines (``metadata.jsonl`` or ``attributes.jsonl``) carry ``id``, the common stem of
    picture and label map, and ``caption``. Pictures are read when asked for, so that the size of
    the data set is not limited by memory.

    size: side of pictures and label maps, in pixels. most: take only the first so many faces.
    Raises FileNotFoundError naming what is missing.
    """

    def __init__(self, folder: str | Path, size: int, most: int = 1_000_000) -> None:
        self.folder, self.size = Path(folder), size
        lines = next((p for n in CAPTION_FILES if (p := self.folder / n).is_file()), None)
        if lines is None:
            raise FileNotFoundError(
                f"{self.folder} has neither {' nor '.join(CAPTION_FILES)}; a training folder holds "
                "images/, labels/ and one JSON line per face with 'id' and 'caption'."
            )
        rows = [json.loads(line) for line in lines.read_text().splitlines()]
        self.captions = {row["id"]: row["caption"] for row in rows}
        self.ids = sorted(self.captions)[:most]
        self.suffix = next((self.folder / "images").glob(f"{self.ids[0]}.*")).suffix

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, n: int) -> Face:
        """Face n at ``size`` x ``size``: area-averaged picture, nearest-neighbour label map."""
        name, side = self.ids[n], (self.size, self.size)
        image = _read(self.folder / "images" / f"{name}{self.suffix}", cv2.IMREAD_COLOR_RGB)
        label_map = _read(self.folder / "labels" / f"{name}.png", cv2.IMREAD_GRAYSCALE)
        image = cv2.resize(image, side, interpolation=cv2.INTER_AREA)
        label_map = cv2.resize(label_map, side, interpolation=cv2.INTER_NEAREST)
        return Face(image, label_map, self.captions[name])


def _read(path: Path, flag: int) -> np.ndarray:
    array = cv2.imread(str(path), flag)
    if array is None:
        raise FileNotFoundError(f"{path} is missing or not a picture.")
    return array


class Shuffled(Sampler[int]):
    """Endless epochs in an order that depends on the seed and the position alone.

    A resumed run continues with the sample that an uninterrupted one would have seen next.
    """

    def __init__(self, length: int, seed: int, start: int = 0) -> None:
        self.length, self.seed, self.start = length, seed, start

    def __iter__(self) -> Iterator[int]:
        epoch, skip = divmod(self.start, self.length)
        while True:
            generator = torch.Generator().manual_seed(self.seed + epoch)
            yield from torch.randperm(self.length, generator=generator)[skip:].tolist()
            epoch, skip = epoch + 1, 0


def endless(dataset: Dataset, batch: int, seed: int, step: int, **options: Any) -> DataLoader:
    """Shuffled batches without end, from the batch on that a run has at this step."""
    order = Shuffled(len(dataset), seed, start=step * batch)  # pyright: ignore[reportArgumentType]
    # A generator of its own: otherwise starting a loader would draw from torch's global one, and
    # a resumed run would see other noise than an uninterrupted one.
    return DataLoader(dataset, batch, sampler=order, generator=torch.Generator(), **options)


def to_model_range(image: np.ndarray) -> torch.Tensor:
    """uint8 (..., H, W, 3) -> float32 (..., 3, H, W) in [-1, 1]."""
    return torch.from_numpy(image).movedim(-1, -3).float() / 127.5 - 1
