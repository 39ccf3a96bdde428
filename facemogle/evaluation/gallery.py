"""Images of one model, made once and kept in a folder."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors import safe_open
from safetensors.torch import save_file

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.denoising import Step
from facemogle.runs.experts import Experts
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request
from facemogle.runs.run import finished

SOURCE = "source"
"""Name of the text in an image's file that tells its prompt and masks from others."""
AS_THEY_ARE = Experts()


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

    def image(
        self, name: str, prompt: str, label_map: np.ndarray, experts: Experts = AS_THEY_ARE
    ) -> np.ndarray:
        """An image as the pipeline makes it by default: uint8 (H, W, 3).

        name: under which it is kept, and which gives the seed by its last part. experts: how these
        are to be heard.
        """

        def make() -> np.ndarray:
            request = self.request(name, prompt, label_map, experts)
            return finished(self.pipeline.run(request)).image

        return self.keep(name, _source(prompt, label_map, experts), make)

    def face(
        self, name: str, prompt: str, label_map: np.ndarray, see: Callable[[list[Step]], None]
    ) -> np.ndarray:
        """The same image. see: is shown its steps, if it is made now; `recorded` needs them too."""

        def make() -> np.ndarray:
            run = self.pipeline.run(self.request(name, prompt, label_map))
            done = list(run.steps())
            see(done)
            recorded = run.recorded(done, np.asarray(run.image(done[-1].latents)))
            self._keep_steps(name, _source(prompt, label_map), recorded)
            return recorded.image

        return self.keep(name, _source(prompt, label_map), make)

    def recorded(self, name: str, prompt: str, label_map: np.ndarray) -> Recorded:
        """A `face` that is there, with the way that led to it; where that was lost, made again."""
        image, source = self.image(name, prompt, label_map), _source(prompt, label_map)
        request = self.request(name, prompt, label_map)
        try:
            with safe_open(self._steps_file(name), framework="pt") as file:
                if file.metadata()[SOURCE] == _digest(source):
                    times = tuple(json.loads(file.metadata()["times"]))
                    return Recorded(request.label_map, image, times, file.get_tensor("latents"))
        except OSError:
            pass
        # Made again, on another machine perhaps with other last bits: what counts is the image.
        made = replace(finished(self.pipeline.run(request)), image=image)
        self._keep_steps(name, source, made)
        return made

    def request(
        self, name: str, prompt: str, label_map: np.ndarray, experts: Experts = AS_THEY_ARE
    ) -> Request:
        """What ``image`` is made from: an image of the label map's size."""
        generator = torch.Generator("cpu").manual_seed(self.seed_of(name))
        height, width = label_map.shape
        return self.pipeline.request(
            prompt,
            label_map,
            generator=generator,
            height=height,
            width=width,
            muted=experts.muted,
            expert_strengths=experts.strengths,
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

    def _keep_steps(self, name: str, source: Sequence[Any], recorded: Recorded) -> None:
        facts = {SOURCE: _digest(source), "times": json.dumps(recorded.times)}
        path = self._steps_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".steps")
        save_file({"latents": recorded.latents.contiguous()}, part, metadata=facts)
        part.replace(path)

    def _steps_file(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def _source(prompt: str, label_map: np.ndarray, experts: Experts = AS_THEY_ARE) -> list[Any]:
    """What an image is made from, apart from its name and the gallery's settings."""
    return [prompt, label_map, *([] if experts == AS_THEY_ARE else [repr(experts)])]


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
