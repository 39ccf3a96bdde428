"""Pictures of one model, made once and kept in a folder."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from facemogle.editing import Recorded
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.sampling import Step


class Gallery:
    """Makes pictures, unless a run before this one has left them in the folder.

    settings: all that decides on the pictures beside their mask and prompt. Pictures of other
    settings are not used: raises ValueError if they lie there.
    """

    def __init__(
        self, folder: Path, pipeline: FaceMoGLEPipeline, settings: Mapping[str, Any]
    ) -> None:
        self.folder, self.pipeline, self.seed = folder, pipeline, settings["seed"]
        self.folder.mkdir(parents=True, exist_ok=True)
        note, text = folder / "settings.json", json.dumps(dict(settings), indent=1)
        if note.is_file() and note.read_text("utf8") != text:
            raise ValueError(
                f"{folder} holds pictures of other settings: {_differences(note, settings)}. Name "
                "another --out, or remove it."
            )
        note.write_text(text, "utf8")

    def picture(self, name: str, prompt: str, label_map: np.ndarray) -> np.ndarray:
        """A picture as the pipeline makes it by default: uint8 (H, W, 3).

        name: under which it is kept, and which gives the seed by its last part.
        """
        return self.keep(name, lambda: self.recorded(name, prompt, label_map).picture)

    def recorded(self, name: str, prompt: str, label_map: np.ndarray) -> Recorded:
        """The same with the way that led to it, made anew."""
        return Recorded.from_steps(self.steps(name, prompt, label_map), self.pipeline, label_map)

    def steps(self, name: str, prompt: str, label_map: np.ndarray) -> list[Step]:
        """The steps of ``picture``, made anew."""
        generator = torch.Generator("cpu").manual_seed(self.seed_of(name))
        height, width = label_map.shape
        stream = self.pipeline.stream(
            prompt, label_map, generator=generator, height=height, width=width
        )
        return list(stream)

    def seed_of(self, name: str) -> int:
        """Pictures of one face have one seed, whatever else differs."""
        return zlib.crc32(f"{self.seed} {name.rpartition('/')[2]}".encode())

    def keep(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The picture of this name, uint8 (H, W, 3); made if it is not there."""
        path = self.folder / f"{name}.png"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            Image.fromarray(make()).save(part, "png")
            part.rename(path)  # so that a picture that is there is whole
        return np.asarray(Image.open(path).convert("RGB"))


def _differences(note: Path, settings: Mapping[str, Any]) -> str:
    there = json.loads(note.read_text("utf8"))
    return ", ".join(
        f"{key} {there.get(key)!r} in place of {settings.get(key)!r}"
        for key in sorted({*there, *settings})
        if there.get(key) != settings.get(key)
    )
