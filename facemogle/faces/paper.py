"""The paper's data sets: MM-CelebA-HQ, MM-FFHQ-Female, MM-FairFace-HQ, in their folder layout.

As the authors of Face-MoGLE publish them (hub data set ``XavierJiezou/face-mogle-datasets``):
``face/0.jpg``, ``mask/0.png``, ``text/0.txt`` with a caption a line, and, but for MM-FairFace-HQ,
``text.json`` with lists of captions by the image's file name.
"""

from __future__ import annotations

import json
from pathlib import Path

from facemogle.faces.folder import FaceFolder

TRAINING_FACES = 27_000
"""MM-CelebA-HQ's faces 0..26999 are for training, 27000..29999 for testing (section 4.1)."""

SPLITS = {
    "train": range(TRAINING_FACES),
    "test": range(TRAINING_FACES, 30_000),
}


class PaperFaces(FaceFolder):
    """Faces of one of the paper's data sets, in the order of their numbers.

    split: "train" or "test" of MM-CelebA-HQ; None = all faces, as of the other two, which the paper
    uses for tests only. Otherwise as `FaceFolder`.
    """

    images, labels = "face", "mask"

    def __init__(
        self, folder: str | Path, size: int, most: int = 1_000_000, split: str | None = None
    ) -> None:
        self.split = split
        super().__init__(folder, size, most)

    def _read_captions(self) -> dict[str, list[str]]:
        names = sorted((path.stem for path in (self.folder / self.images).iterdir()), key=int)
        if self.split:
            names = [name for name in names if int(name) in SPLITS[self.split]]
        if not names:
            raise FileNotFoundError(
                f"{self.folder / self.images} has no image of the split {self.split!r}: "
                f"{', '.join(f'{k} is {v[0]} to {v[-1]}' for k, v in SPLITS.items())}."
            )
        listed = self.folder / "text.json"
        captions = json.loads(listed.read_text("utf8")) if listed.is_file() else {}
        captions = {Path(name).stem: texts for name, texts in captions.items()}
        return {name: _clean(captions.get(name) or self._lines(name)) for name in names}

    def _lines(self, name: str) -> list[str]:
        path = self.folder / "text" / f"{name}.txt"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing, and text.json has no captions of {name}.")
        return path.read_text("utf8").splitlines()


def open_faces(place: str | Path, size: int, most: int = 1_000_000) -> FaceFolder:
    """Open a folder of faces in either layout.

    place: a folder; one of the paper's may end with ``:train`` or ``:test``, its split.
    size, most: as for `FaceFolder`. Raises FileNotFoundError naming what is missing.
    """
    folder, _, split = str(place).rpartition(":")
    if split not in SPLITS:
        folder, split = str(place), None
    if split or (Path(folder) / PaperFaces.images).is_dir():
        return PaperFaces(folder, size, most, split)
    return FaceFolder(folder, size, most)


def _clean(captions: list[str]) -> list[str]:
    """Captions without blanks around them, and without empty ones."""
    return [text for caption in captions if (text := caption.strip())] or [""]
