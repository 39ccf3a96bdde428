"""An image of a face -> the label map that a face parser reads from it.

The embedded parser knows rendered faces; the hub's was trained on photographs. Both are SegFormers
(arXiv 2105.15203) of `transformers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from transformers import SegformerForSemanticSegmentation, SegformerImageProcessorPil

from facemogle.masks.regions import NUM_REGIONS, REGIONS
from facemogle.photo.hub import PARSERS, download_parser
from facemogle.weights.errors import CheckpointError

EMBEDDED_FOLDER = Path(__file__).resolve().parents[2] / "checkpoints" / "parser"

MULTIPLE = 32
"""The sides that a SegFormer sees are multiples of this: its coarsest stage has 1/32 of them."""

MOST_SIDES = 4
"""How many times its shorter side a parser looks at of the longer one."""

LARGEST = 1024
"""Longer side, in pixels, up to which regions' edges are found between the scores."""


class FaceParser:
    """Reads label maps from images.

    model: a SegFormer whose classes are the 19 regions, in any order, by name (``id2label``).
    side: shorter side, in pixels, at which it looks at an image. mean, std: of its input
    channels, for images in [0, 1].
    Raises CheckpointError if a region has no class.
    """

    def __init__(
        self,
        model: SegformerForSemanticSegmentation,
        side: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        self.model, self.side = model.eval(), side
        self.classes = _classes(dict(model.config.id2label or {}))
        self.mean, self.std = (torch.tensor(values).view(3, 1, 1) for values in (mean, std))

    def parse(self, image: Image.Image | np.ndarray) -> np.ndarray:
        """The label map of one image, in colour or uint8 (H, W, 3): uint8 (H, W)."""
        rgb = image.convert("RGB") if isinstance(image, Image.Image) else image
        return self.parse_batch(np.asarray(rgb)[None])[0]

    @torch.no_grad()
    def parse_batch(self, images: np.ndarray) -> np.ndarray:
        """Label maps of images of one size, uint8 (B, H, W, 3): uint8 (B, H, W)."""
        height, width = images.shape[1:3]
        scores = self.logits(self.inputs(images))
        share = min(1.0, LARGEST / max(height, width))
        size = max(1, round(height * share)), max(1, round(width * share))
        fine = F.interpolate(scores, size=size, mode="bilinear")
        labels = fine.argmax(1, keepdim=True).byte()  # (B, 1, h, w)
        labels = F.interpolate(labels, size=(height, width), mode="nearest-exact")
        return labels[:, 0].cpu().numpy()

    def inputs(self, images: np.ndarray) -> Tensor:
        """Images of one size, uint8 (B, H, W, 3), as ``logits`` and ``features`` take them."""
        seen = np.stack([self._seen(image) for image in images])
        return torch.from_numpy(seen).to(self.model.device).movedim(-1, -3) / 127.5 - 1

    def logits(self, pixels: Tensor) -> Tensor:
        """Scores of the 19 regions, in their order, where the softmax gives probabilities.

        pixels: (B, 3, H, W) in [-1, 1], H and W multiples of 32. Returns (B, 19, h, w), of a
        fraction of that size. Gradients reach the pixels.
        """
        return self.model(self._normalized(pixels)).logits[:, self.classes]

    def features(self, pixels: Tensor) -> Tensor:
        """What the encoder's last stage sees, averaged over the image: (B, channels).

        pixels: as in ``logits``.
        """
        return self.model.segformer(self._normalized(pixels)).last_hidden_state.mean(dim=(2, 3))

    def _normalized(self, pixels: Tensor) -> Tensor:
        return ((pixels + 1) / 2 - self.mean.to(pixels)) / self.std.to(pixels)

    def _seen(self, image: np.ndarray) -> np.ndarray:
        """The image as the model looks at it. A very long one is squeezed, to save memory."""
        scale = self.side / min(image.shape[:2])
        height, width = (
            max(1, round(min(n * scale, MOST_SIDES * self.side) / MULTIPLE)) * MULTIPLE
            for n in image.shape[:2]
        )
        shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cv2.resize(image, (width, height), interpolation=shrink)


class Parsers:
    """The parsers by name, each loaded when it is first asked for; threads may share it.

    device: where they run.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self._loaded: dict[str, FaceParser] = {}
        self._lock = Lock()

    def parse(self, image: Image.Image, name: str) -> np.ndarray:
        """Label map of an image, uint8 (H, W). Raises CheckpointError."""
        if name not in PARSERS:
            raise CheckpointError(f"The parser is {name!r}: take {' or '.join(PARSERS)}.")
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load_parser(name, self.device)
        return self._loaded[name].parse(image)


def load_parser(name_or_path: str | Path = "embedded", device: str | None = None) -> FaceParser:
    """Load a face parser.

    name_or_path: "embedded", the parser in this repository; "hub", the one for photographs, 339 MB
        that are downloaded once; or a folder, as `save_parser` or transformers write it.
    device: "cpu", "cuda", ...; None = a GPU if there is one.
    Raises CheckpointError.
    """
    folder = _folder(str(name_or_path))
    try:
        model = SegformerForSemanticSegmentation.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True
        )
        inputs = SegformerImageProcessorPil.from_pretrained(folder)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder} holds no SegFormer that can be read: {error}") from error
    side = inputs.size["height"]
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.nn.Module.to(model, device)
    return FaceParser(model, side, inputs.image_mean, inputs.image_std)


def save_parser(parser: FaceParser, folder: str | Path) -> None:
    """Write a parser as transformers does, its weights in float16 and as safetensors."""
    size = {"height": parser.side, "width": parser.side}
    mean, std = (values.flatten().tolist() for values in (parser.mean, parser.std))
    SegformerImageProcessorPil(size=size, image_mean=mean, image_std=std).save_pretrained(folder)
    deepcopy(parser.model).half().save_pretrained(folder)


def _classes(id2label: dict[Any, str]) -> list[int]:
    """The model's class for each region; some spell the names like the data set's files."""
    class_of = {name.removesuffix(".png"): number for number, name in id2label.items()}
    missing = [region.name for region in REGIONS if region.name not in class_of]
    if missing:
        raise CheckpointError(
            f"The parser has no class for {', '.join(missing)}. It must name the {NUM_REGIONS} "
            "regions of CelebAMask-HQ in the id2label of its config."
        )
    return [class_of[region.name] for region in REGIONS]


def _folder(name_or_path: str) -> Path:
    if name_or_path == "hub":
        return download_parser()
    folder = EMBEDDED_FOLDER if name_or_path == "embedded" else Path(name_or_path)
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"{folder} is not a face parser: it has no config.json. Name embedded, hub, or the "
            "folder of a SegFormer."
        )
    return folder
