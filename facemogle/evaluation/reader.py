"""What the face parser, the attribute classifier and the outside judge see of images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from facemogle.attributes.classifier import AttributeClassifier
from facemogle.evaluation.detail import fine_energies
from facemogle.evaluation.judge import Judge
from facemogle.masks.iou import confusion_matrix
from facemogle.photo.parser import FaceParser


@dataclass(frozen=True, eq=False)
class Seen:
    """Of n images. matrix: pixels by given label and reading, int64 (19, 19).

    features: the parser's, float32 (n, channels). classes: of the A attributes, int64 (n, A).
    fine: their fine detail at several sizes, float64 (n, sizes). meshes: the outside judge's points
    of their faces, float (n, 468, 2), NaN where it finds none.
    """

    matrix: np.ndarray
    features: np.ndarray
    classes: np.ndarray
    fine: np.ndarray
    meshes: np.ndarray

    @classmethod
    def joined(cls, parts: Iterable[Seen]) -> Seen:
        """All of several sets of images, in their order."""
        parts = list(parts)
        return cls(
            np.sum([part.matrix for part in parts], axis=0),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.classes for part in parts]),
            np.concatenate([part.fine for part in parts]),
            np.concatenate([part.meshes for part in parts]),
        )


class Reader:
    """Both models of this repository, and the judge from outside."""

    def __init__(self, parser: FaceParser, classifier: AttributeClassifier) -> None:
        self.parser, self.classifier, self.judge = parser, classifier, Judge()

    def see(self, images: np.ndarray, label_maps: np.ndarray) -> Seen:
        """images: uint8 (n, H, W, 3). label_maps: what they should follow, uint8 (n, H, W)."""
        return Seen(
            confusion_matrix(label_maps, self.parser.parse_batch(images)),
            self.features(images),
            self.classifier.read(images),
            fine_energies(images),
            np.stack([self.judge.mesh(image) for image in images]),
        )

    @torch.no_grad()
    def features(self, images: np.ndarray) -> np.ndarray:
        """The parser's features of images, uint8 (n, H, W, 3): float32 (n, channels)."""
        return self.parser.features(self.parser.inputs(images)).cpu().numpy()
