"""The faces that a model is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facemogle.attributes.vocabulary import Row, classes, told
from facemogle.faces.folder import FaceFolder, read_rows
from facemogle.faces.paper import PaperFaces, open_faces


@dataclass(frozen=True, eq=False)
class HeldOut:
    """faces: of a folder. rows: their attributes, in the same order; None if it has none."""

    faces: FaceFolder
    rows: Sequence[Row] | None

    @classmethod
    def open(cls, place: str | Path, size: int, count: int = 1_000_000) -> HeldOut:
        """Faces of a folder at an image's size.

        place: as for `open_faces`. count: at most so many, the first ones.
        Raises FileNotFoundError naming what is missing.
        """
        faces = open_faces(place, size, count)
        _check_files(faces)
        return cls(faces, _rows(faces))

    def __len__(self) -> int:
        return len(self.faces)

    def batch(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 (n, H, W, 3) and label maps uint8 (n, H, W) of these faces."""
        some = [self.faces[int(n)] for n in numbers]
        return np.stack([face.image for face in some]), np.stack([face.label_map for face in some])

    def few(self, count: int) -> list[int]:
        """At most so many of the faces, evenly spread."""
        return np.unique(
            np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        ).tolist()

    def caption(self, n: int) -> str:
        """The first caption of a face, which its image is made from."""
        return self.faces.captions[self.faces.ids[n]][0]

    def classes(self) -> np.ndarray:
        """True class of each attribute, int64 (n, A), -1 where the render hides it."""
        assert self.rows is not None
        return np.array([classes(row) for row in self.rows])

    def told(self) -> np.ndarray:
        """Which attributes the captions tell, bool (n, A)."""
        assert self.rows is not None
        return np.array([told(row, self.caption(n)) for n, row in enumerate(self.rows)])


def _rows(faces: FaceFolder) -> Sequence[Row] | None:
    if isinstance(faces, PaperFaces):
        return None
    rows = {row["id"]: row for row in read_rows(faces.folder)}
    chosen = [rows[name] for name in faces.ids]
    return chosen if all("visible" in row and "monk" in row for row in chosen) else None


def _check_files(faces: FaceFolder) -> None:
    """Before an hour of work, not after it."""
    for name in faces.ids:
        for path in (
            faces.folder / faces.images / f"{name}{faces.suffix}",
            faces.folder / faces.labels / f"{name}.png",
        ):
            if not path.is_file():
                raise FileNotFoundError(
                    f"{path} is missing, which belongs to face {name}. Render or copy the folder "
                    "again, or leave its line out."
                )
