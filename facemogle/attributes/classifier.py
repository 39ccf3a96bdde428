"""An image of a face -> its attributes, by a SegFormer's encoder with a head for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerModel, SegformerPreTrainedModel
from transformers.utils.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from facemogle.attributes.vocabulary import ATTRIBUTES
from facemogle.photo.parser import FaceParser
from facemogle.weights.errors import CheckpointError

EMBEDDED_FOLDER = Path(__file__).resolve().parents[2] / "checkpoints" / "attributes"

STAGES = 3
"""The encoder's last ones, of which the heads see the features."""


class AttributeClassifier(SegformerPreTrainedModel):
    """Scores of the classes of every attribute.

    Each attribute has a map of its own of where to look, over the features of the encoder's last
    stages, and a linear head on their mean there.
    config: of the encoder, with ``side``: that of the images it looks at, and ``attributes``:
    pairs of a name and its classes.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        channels = sum(config.hidden_sizes[-STAGES:])
        self.segformer = SegformerModel(config)
        self.places = nn.Linear(channels, len(config.attributes))
        self.heads = nn.ModuleList(
            nn.Linear(channels, len(values)) for _, values in config.attributes
        )
        self.post_init()

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Scores (B, classes) of each attribute, where the softmax gives probabilities.

        pixels: (B, 3, H, W) in [-1, 1], H and W multiples of 32.
        """
        mean, std = (
            torch.tensor(values).view(3, 1, 1).to(pixels)
            for values in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
        )
        normalized = ((pixels + 1) / 2 - mean) / std
        stages = self.segformer(normalized, output_hidden_states=True).hidden_states[-STAGES:]
        size = stages[0].shape[2:]
        maps = [nn.functional.interpolate(stage, size=size, mode="bilinear") for stage in stages]
        features = torch.cat(maps, dim=1).flatten(2).transpose(1, 2)  # (B, places, channels)
        shares = self.places(features).softmax(1)  # (B, places, attributes)
        seen = torch.einsum("bpa,bpc->abc", shares, features)
        return [head(x) for head, x in zip(self.heads, seen, strict=True)]

    @torch.no_grad()
    def read(self, images: np.ndarray) -> np.ndarray:
        """Classes of images of one size, uint8 (B, H, W, 3): int64 (B, attributes)."""
        side = self.config.side
        seen = np.stack([cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in images])
        pixels = torch.from_numpy(seen).to(self.device).movedim(-1, -3) / 127.5 - 1
        return torch.stack([scores.argmax(1) for scores in self(pixels)], dim=1).cpu().numpy()


def build_classifier(parser: FaceParser, side: int) -> AttributeClassifier:
    """A classifier with the parser's encoder and new heads, for images of this side."""
    config = SegformerConfig.from_dict(
        parser.model.config.to_dict()
        | {
            "side": side,
            "attributes": [[a.name, list(a.values)] for a in ATTRIBUTES],
            "architectures": None,
        }
    )
    classifier = AttributeClassifier(config)
    classifier.segformer.load_state_dict(parser.model.segformer.state_dict())
    return classifier


def load_classifier(
    folder: str | Path | None = None, device: str | None = None
) -> AttributeClassifier:
    """Load a classifier from a folder as `train-attributes` writes it; None = the embedded one.

    device: None = a GPU if there is one. Raises CheckpointError if it cannot be read or has other
    attributes than `ATTRIBUTES`.
    """
    folder = Path(folder or EMBEDDED_FOLDER)
    try:
        model = AttributeClassifier.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True
        )
    except (OSError, SafetensorError, AttributeError) as error:
        raise CheckpointError(
            f"{folder} holds no attribute classifier that can be read: {error}"
        ) from error
    known = [[a.name, list(a.values)] for a in ATTRIBUTES]
    if model.config.attributes != known:
        raise CheckpointError(
            f"{folder} was trained for {model.config.attributes}, not for {known}: train it again "
            "with train-attributes."
        )
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)  # pyright: ignore[reportArgumentType]
    return model.eval()
