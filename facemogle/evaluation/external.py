"""Metrics of the paper's tables, by models that are downloaded when they are first asked for.

They know photographs: of rendered faces they tell little. Each one is fed with batches of
generated images, the true images of the same masks, and prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from facemogle.evaluation.detector import Detector
from facemogle.evaluation.distances import frechet_distance, kernel_distance
from facemogle.evaluation.report import Section

CLIP = "openai/clip-vit-large-patch14"
CLIP_336 = "openai/clip-vit-large-patch14-336"
DINO = "facebook/dino-vitb8"
CMMD_SIGMA, CMMD_SCALE = 10.0, 1000.0


class Metric(Protocol):
    """One number of a set of generated images."""

    title: str

    def add(self, made: np.ndarray, real: np.ndarray, prompts: Sequence[str]) -> None:
        """Take n images: uint8 (n, H, W, 3) both."""
        ...

    def value(self) -> float:
        """Of all that was taken."""
        ...


class Inception:
    """FID (arXiv 1706.08500) or KID x 1000 (arXiv 1801.01401) of clean-fid's features.

    arXiv 2104.11222. kind: "fid" or "kid".
    """

    def __init__(self, kind: str, device: torch.device) -> None:
        with _importing("clean-fid"):
            from cleanfid import fid, resize  # pyright: ignore[reportMissingImports]
            from cleanfid.features import (  # pyright: ignore[reportMissingImports]
                build_feature_extractor,
            )
        with _loading("Inception"):
            self._model = build_feature_extractor("clean", device, use_dataparallel=False)
        self.title = {"fid": "FID", "kid": "KID x 1000"}[kind]
        self._kind, self._device, self._fid = kind, device, fid
        self._resized = resize.build_resizer("clean")
        self._made, self._real = [], []

    def add(self, made: np.ndarray, real: np.ndarray, prompts: Sequence[str]) -> None:
        for images, features in ((made, self._made), (real, self._real)):
            seen = np.stack([self._resized(image) for image in images])
            batch = torch.from_numpy(seen).movedim(-1, 1)
            features.append(self._fid.get_batch_features(batch, self._model, self._device))

    def value(self) -> float:
        made, real = np.concatenate(self._made), np.concatenate(self._real)
        if self._kind == "fid":
            return frechet_distance(real, made)
        return 1000 * kernel_distance(real, made)


class Clip:
    """CMMD (arXiv 2401.09603) or the CLIP score (arXiv 2104.08718). kind: "cmmd" or "clip"."""

    def __init__(self, kind: str, device: torch.device) -> None:
        from transformers import CLIPModel, CLIPProcessor

        name = {"cmmd": CLIP_336, "clip": CLIP}[kind]
        with _loading(name):
            model: Any = CLIPModel.from_pretrained(name)
            self._model = model.eval().to(device)
            self._processor: Any = CLIPProcessor.from_pretrained(name)
        self.title = {"cmmd": "CMMD", "clip": "CLIP score"}[kind]
        self._kind = kind
        self._made, self._other = [], []

    @torch.no_grad()
    def add(self, made: np.ndarray, real: np.ndarray, prompts: Sequence[str]) -> None:
        self._made.append(self._of_images(made))
        if self._kind == "cmmd":
            self._other.append(self._of_images(real))
        else:
            inputs = self._processor(
                text=list(prompts), return_tensors="pt", padding=True, truncation=True
            ).to(self._model.device)
            text = self._model.text_model(**inputs).pooler_output
            self._other.append(self._model.text_projection(text).cpu())

    def value(self) -> float:
        made, other = torch.cat(self._made), torch.cat(self._other)
        return cmmd(made, other) if self._kind == "cmmd" else clip_score(made, other)

    def _of_images(self, images: np.ndarray) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt").to(self._model.device)
        pooled = self._model.vision_model(**inputs).pooler_output
        return self._model.visual_projection(pooled).cpu()


class DinoStructure:
    """DINO structure distance of each image to the true one of its mask (arXiv 2201.00424)."""

    title = "DINO structure distance"

    def __init__(self, device: torch.device) -> None:
        from transformers import ViTImageProcessor, ViTModel

        with _loading(DINO):
            self._model: Any = ViTModel.from_pretrained(DINO, add_pooling_layer=False)
            self._processor: Any = ViTImageProcessor.from_pretrained(DINO)
        self._model = self._model.eval().to(device)
        self._distances: list[Tensor] = []

    def add(self, made: np.ndarray, real: np.ndarray, prompts: Sequence[str]) -> None:
        keys = [self._keys(images) for images in (made, real)]
        self._distances.append(structure_distance(*map(self_similarity, keys)))

    def value(self) -> float:
        return float(torch.cat(self._distances).mean())

    def _keys(self, images: np.ndarray) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt")
        return last_keys(self._model, inputs["pixel_values"].to(self._model.device)).cpu()


class ImageReward:
    """Human preference by ImageReward (arXiv 2304.05977), the mean of its scores."""

    title = "ImageReward"

    def __init__(self, device: torch.device) -> None:
        with _importing("image-reward"):
            import ImageReward as package  # pyright: ignore[reportMissingImports]
        with _loading("ImageReward"):
            self._model = package.load("ImageReward-v1.0", device=str(device))
        self._scores: list[float] = []

    def add(self, made: np.ndarray, real: np.ndarray, prompts: Sequence[str]) -> None:
        from PIL import Image

        for image, prompt in zip(made, prompts, strict=True):
            self._scores.append(float(self._model.score(prompt, Image.fromarray(image))))

    def value(self) -> float:
        return float(np.mean(self._scores))


METRICS: dict[str, Callable[[torch.device], Metric]] = {
    "fid": lambda device: Inception("fid", device),
    "kid": lambda device: Inception("kid", device),
    "cmmd": lambda device: Clip("cmmd", device),
    "clip": lambda device: Clip("clip", device),
    "dino": DinoStructure,
    "image-reward": ImageReward,
}
"""Loads a metric's model. Raises ValueError if the package or the weights are not there."""


def external_section(metrics: Sequence[Metric], detectors: Sequence[Detector]) -> Section:
    """The numbers of all that were asked for."""
    rows = [(metric.title, (metric.value(), None, None)) for metric in metrics]
    rows += [(detector.title, detector.values()) for detector in detectors]
    note = "Detectors: mean scores; AUC: how often a generated image scores above a true one."
    columns = ("generated", "true images", "AUC")
    return Section("by models of others", columns, rows, note if detectors else "")


def cmmd(made: Tensor, real: Tensor) -> float:
    """Squared maximum mean discrepancy x 1000, RBF kernel of width 10, of unit vectors.

    made, real: CLIP's embeddings (n, channels). The estimate with the diagonal, as published.
    """

    def kernel(a: Tensor, b: Tensor) -> float:
        return float(torch.exp(-(torch.cdist(a, b) ** 2) / (2 * CMMD_SIGMA**2)).mean())

    a, b = (F.normalize(x.double(), dim=-1) for x in (made, real))
    return CMMD_SCALE * (kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))


def clip_score(images: Tensor, prompts: Tensor) -> float:
    """Mean of 100 times the cosine of image and prompt, no less than 0.

    images, prompts: CLIP's embeddings (n, channels).
    """
    return float((100 * F.cosine_similarity(images, prompts)).clamp(min=0).mean())


def self_similarity(keys: Tensor) -> Tensor:
    """Cosines of all pairs of tokens: (n, tokens, channels) -> (n, tokens, tokens)."""
    unit = F.normalize(keys, dim=-1)
    return unit @ unit.transpose(1, 2)


def structure_distance(made: Tensor, real: Tensor) -> Tensor:
    """Mean squared difference of self-similarities (n, tokens, tokens): (n,)."""
    return (made - real).pow(2).mean(dim=(1, 2))


@torch.no_grad()
def last_keys(model: torch.nn.Module, pixels: Tensor) -> Tensor:
    """Keys of a ViT's last layer, all heads together: (n, tokens, channels)."""
    found: list[Tensor] = []
    *_, layer = (part for name, part in model.named_modules() if name.endswith("k_proj"))
    hook = layer.register_forward_hook(lambda part, inputs, output: found.append(output))
    try:
        model(pixels)
    finally:
        hook.remove()
    return found[0]


@contextmanager
def _importing(package: str) -> Iterator[None]:
    """Say what to install. Packages that do not fit each other fail with all sorts of errors."""
    try:
        yield
    except (ImportError, RuntimeError, AttributeError) as error:
        raise ValueError(
            f"{package} cannot be imported ({error}). Install what docs/evaluation.md names for "
            "it, or leave its metric out of --metrics."
        ) from error


@contextmanager
def _loading(weights: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"The weights of {weights} are not on this machine and could not be downloaded "
            f"({str(error).strip().partition(chr(10))[0]}). Check the network connection, or leave "
            "the metric out of --metrics."
        ) from error
