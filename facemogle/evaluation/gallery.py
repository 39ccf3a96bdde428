"""Images of one model, made once and kept in a folder."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.denoising import Step
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.runs.run import finished

SOURCE = "source"
"""Name of the text in an image's file that tells its prompt and masks from others."""


class Gallery:
    """Makes images, unless a run before this one has left them in the folder.

    settings: all that images depend on apart from their mask and prompt. Images of other
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
                f"{folder} holds images of other settings: {_differences(note, settings)}. Name "
                "another --out, or remove it."
            )
        note.write_text(text, "utf8")

    def image(self, name: str, prompt: str, label_map: np.ndarray) -> np.ndarray:
        """An image as the pipeline makes it by default: uint8 (H, W, 3).

        name: under which it is kept, and which gives the seed by its last part.
        """
        source = (prompt, label_map)
        return self.keep(name, source, lambda: self.recorded(name, prompt, label_map).image)

    def recorded(self, name: str, prompt: str, label_map: np.ndarray) -> Recorded:
        """The same with the way that led to it, generated again."""
        return finished(self.pipeline.run(self.request(name, prompt, label_map)))

    def steps(self, name: str, prompt: str, label_map: np.ndarray) -> list[Step]:
        """The steps of ``image``, generated again."""
        return list(self.pipeline.steps(self.request(name, prompt, label_map)))

    def request(self, name: str, prompt: str, label_map: np.ndarray) -> Request:
        """What ``image`` is made from: an image of the label map's size."""
        generator = torch.Generator("cpu").manual_seed(self.seed_of(name))
        height, width = label_map.shape
        return self.pipeline.request(
            prompt, label_map, generator=generator, height=height, width=width
        )

    def seed_of(self, name: str) -> int:
        """Images of one face have one seed, whatever else differs."""
        return zlib.crc32(f"{self.seed} {name.rpartition('/')[2]}".encode())

    def keep(self, name: str, source: Sequence[Any], make: Callable[[], np.ndarray]) -> np.ndarray:
        """The image of this name, uint8 (H, W, 3); made if it is not there.

        source: prompts and label maps that it is made from; one of others is generated again.
        """
        path, digest = self.folder / f"{name}.png", _digest(source)
        if path.is_file():
            with Image.open(path) as file:
                if file.info.get(SOURCE) == digest:
                    return np.asarray(file.convert("RGB"))
        path.parent.mkdir(parents=True, exist_ok=True)
        image, part, facts = make(), path.with_suffix(".part"), PngInfo()
        facts.add_text(SOURCE, digest)
        Image.fromarray(image).save(part, "png", pnginfo=facts)
        part.replace(path)  # so that an image that is there is whole
        return image


def _digest(source: Sequence[Any]) -> str:
    parts = [one.tobytes() if isinstance(one, np.ndarray) else one.encode() for one in source]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _differences(note: Path, settings: Mapping[str, Any]) -> str:
    there = json.loads(note.read_text("utf8"))
    return ", ".join(
        f"{key} {there.get(key)!r} in place of {settings.get(key)!r}"
        for key in sorted({*there, *settings})
        if there.get(key) != settings.get(key)
    )
