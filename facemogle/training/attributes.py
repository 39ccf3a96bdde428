"""Train the attribute classifier on rendered faces, whose attributes are known."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from facemogle.attributes.classifier import AttributeClassifier, build_classifier, load_classifier
from facemogle.attributes.vocabulary import ATTRIBUTES, classes
from facemogle.faces.folder import FaceFolder, read_rows
from facemogle.photo.parser import FaceParser
from facemogle.training.clock import Steps
from facemogle.training.data import Joined, Visit, endless, to_model_range
from facemogle.training.distortion import distort
from facemogle.training.parser import optimizers
from facemogle.training.recipe import AttributeRecipe
from facemogle.training.run import Run, make_accelerator

NOT_SEEN = -1


class AttributedFaces(Dataset[dict[str, Tensor]]):
    """pixels: float32 (3, size, size) in [-1, 1]; classes: int64 (attributes,), -1 = not seen."""

    def __init__(self, faces: FaceFolder) -> None:
        self.faces = faces
        self.classes = true_classes(faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> dict[str, Tensor]:
        image = self.faces.image(visit.face)
        no_labels = np.zeros(image.shape[:2], np.uint8)
        image, _ = distort(image, no_labels, np.random.default_rng(visit.seed), colors=False)
        return {
            "pixels": to_model_range(image),
            "classes": torch.from_numpy(self.classes[visit.face]),
        }


def true_classes(faces: FaceFolder) -> np.ndarray:
    """Classes of a folder's faces, int64 (faces, attributes), -1 where the image hides it.

    Raises FileNotFoundError if its JSON lines have no attributes.
    """
    rows = {row["id"]: row for row in read_rows(faces.folder)}
    try:
        return np.array([classes(rows[name]) for name in faces.ids])
    except KeyError as error:
        raise FileNotFoundError(
            f"A face's line in {faces.folder} has no {error}: attributes are those that `render` "
            "writes into metadata.jsonl."
        ) from error


def class_weights(truth: np.ndarray) -> list[Tensor]:
    """Weight of each class of each attribute in the loss: rare ones count more.

    truth: int64 (faces, attributes). The weight falls with the root of how many faces have it.
    """
    weights = []
    for column, attribute in zip(truth.T, ATTRIBUTES, strict=True):
        counts = np.bincount(column[column != NOT_SEEN], minlength=len(attribute.values))
        weight = 1 / np.sqrt(np.maximum(counts, 1))
        weights.append(torch.from_numpy(weight / weight.mean()).float())
    return weights


def attribute_loss(scores: list[Tensor], truth: Tensor, weights: list[Tensor]) -> dict[str, Tensor]:
    """Cross-entropy, averaged over the attributes that the batch shows.

    scores: (B, classes) each; truth: int64 (B, attributes).
    """
    losses = {
        attribute.name: F.cross_entropy(
            one.float(), column, weight.to(one.device), ignore_index=NOT_SEEN
        )
        for attribute, one, column, weight in zip(ATTRIBUTES, scores, truth.T, weights, strict=True)
        if (column != NOT_SEEN).any()
    }
    return {"loss": torch.stack(list(losses.values())).mean()}


def train_attributes(
    data: list[Path], folder: Path, recipe: AttributeRecipe, parser: FaceParser
) -> AttributeClassifier:
    """Train on all folders' faces; the averaged weights go to ``folder/attributes``.

    parser: whose encoder it starts from.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    classifier = build_classifier(parser, recipe.stages[-1].size)
    total = sum(stage.steps for stage in recipe.stages)
    run = Run(
        accelerator,
        classifier.train(),
        optimizers(classifier, recipe),
        folder / "attribute_run",
        Steps(total),
        recipe.ema_decay,
    )
    end = 0
    for stage in recipe.stages:
        end += stage.steps
        parts = [AttributedFaces(FaceFolder(path, stage.size, stage.faces)) for path in data]
        weights = class_weights(np.concatenate([part.classes for part in parts]))

        def loss_of(batch: dict[str, Tensor], weights: list[Tensor] = weights) -> dict[str, Tensor]:
            pixels, truth = (batch[key].to(accelerator.device) for key in ("pixels", "classes"))
            return attribute_loss(run.model(pixels), truth, weights)

        loader = endless(
            Joined(parts),
            stage.batch,
            recipe.seed,
            run.step,
            accelerator.process_index,
            accelerator.num_processes,
        )
        run.train(loader, loss_of, until=end / total)
    averaged = cast(AttributeClassifier, run.averaged().eval())
    if accelerator.is_main_process:
        deepcopy(averaged).half().save_pretrained(folder / "attributes")
    accelerator.wait_for_everyone()
    return load_classifier(folder / "attributes")


def accuracies(classifier: AttributeClassifier, faces: FaceFolder, batch: int = 16) -> list[float]:
    """Share of a folder's faces that are read right, by attribute, of those that show it."""
    truth = true_classes(faces)
    readings = np.concatenate(
        [
            classifier.read(np.stack([faces.image(n) for n in some]))
            for some in tqdm(np.array_split(np.arange(len(faces)), -(-len(faces) // batch)))
        ]
    )
    seen = truth != NOT_SEEN
    right = ((readings == truth) & seen).sum(0)
    return (right / np.maximum(seen.sum(0), 1)).tolist()
