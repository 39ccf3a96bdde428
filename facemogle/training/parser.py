"""Train a face parser on folders of faces: a small SegFormer that reads the 19 regions."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset
from tqdm.auto import tqdm
from transformers import SegformerConfig, SegformerForSemanticSegmentation
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from facemogle.faces.folder import FaceFolder
from facemogle.masks.iou import confusion_matrix
from facemogle.masks.regions import NUM_REGIONS, REGIONS
from facemogle.photo.parser import FaceParser, load_parser, save_parser
from facemogle.training.clock import Steps
from facemogle.training.data import Joined, Visit, endless, to_model_range
from facemogle.training.distortion import distort
from facemogle.training.muon import Muon
from facemogle.training.recipe import AttributeRecipe, ParserRecipe
from facemogle.training.run import Run, make_accelerator

DICE_WEIGHT = 1.0


class DistortedFaces(Dataset[dict[str, Tensor]]):
    """pixels: float32 (3, size, size) in [-1, 1]; labels: int64 (size, size)."""

    def __init__(self, faces: FaceFolder) -> None:
        self.faces = faces

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> dict[str, Tensor]:
        face = self.faces[visit.face]
        draw = np.random.default_rng(visit.seed)
        image, label_map = distort(face.image, face.label_map, draw)
        return {"pixels": to_model_range(image), "labels": torch.from_numpy(label_map).long()}


def build_parser(recipe: ParserRecipe) -> FaceParser:
    """A parser with random weights."""
    stages = len(recipe.widths)
    config = SegformerConfig(
        num_encoder_blocks=stages,
        depths=list(recipe.depths),
        hidden_sizes=list(recipe.widths),
        num_attention_heads=list(recipe.heads),
        sr_ratios=list(recipe.reductions),
        mlp_ratios=list(recipe.ratios),
        patch_sizes=[5, *[3] * (stages - 1)],
        strides=[2] * stages,
        decoder_hidden_size=recipe.head_channels,
        drop_path_rate=0.0,
        classifier_dropout_prob=0.0,
        id2label={region.index: region.name for region in REGIONS},
    )
    model = SegformerForSemanticSegmentation(config)
    return FaceParser(model, recipe.stages[-1].size, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)


def parser_loss(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Cross-entropy per pixel, and the dice loss of every region that the batch has.

    logits: (B, 19, h, w); labels: int64 (B, H, W). The cross-entropy hardly notices an earring; in
    the dice loss (V-Net, arXiv 1606.04797) every region counts the same.
    """
    logits = F.interpolate(logits.float(), size=labels.shape[1:], mode="bilinear")
    entropy = F.cross_entropy(logits, labels)
    probabilities = logits.softmax(1)
    inside = torch.zeros_like(probabilities).scatter_(1, labels[:, None], 1.0)
    both = (probabilities * inside).sum(dim=(0, 2, 3))
    sizes = inside.sum(dim=(0, 2, 3))
    dice = 1 - (2 * both + 1) / (probabilities.sum(dim=(0, 2, 3)) + sizes + 1)
    dice = dice[sizes > 0].mean()
    return {"loss": entropy + DICE_WEIGHT * dice, "entropy": entropy, "dice": dice}


def train_parser(
    data: list[Path], folder: Path, recipe: ParserRecipe, start: FaceParser | None = None
) -> FaceParser:
    """Train on all folders' faces; the averaged weights go to ``folder/parser``.

    start: a parser to go on from.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    parser = start or build_parser(recipe)
    total = sum(stage.steps for stage in recipe.stages)
    run = Run(
        accelerator,
        parser.model.train(),
        optimizers(parser.model, recipe),
        folder / "parser_run",
        Steps(total),
        recipe.ema_decay,
    )

    parser.model = run.model  # so that several processes share their gradients

    def loss_of(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        pixels, labels = (batch[key].to(accelerator.device) for key in ("pixels", "labels"))
        return parser_loss(parser.logits(pixels), labels)

    end = 0
    for stage in recipe.stages:
        end += stage.steps
        faces = [FaceFolder(path, stage.size, stage.faces) for path in data]
        loader = endless(
            Joined(map(DistortedFaces, faces)),
            stage.batch,
            recipe.seed,
            run.step,
            accelerator.process_index,
            accelerator.num_processes,
        )
        run.train(loader, loss_of, until=end / total)
    parser.model = cast(SegformerForSemanticSegmentation, run.averaged().eval())
    if accelerator.is_main_process:
        save_parser(parser, folder / "parser")
    accelerator.wait_for_everyone()
    return load_parser(folder / "parser")


def optimizers(
    model: nn.Module, recipe: ParserRecipe | AttributeRecipe
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of a SegFormer's encoder, AdamW for everything else."""
    encoder = {id(p) for p in model.get_submodule("segformer").parameters()}
    matrices = [p for p in model.parameters() if p.ndim == 2 and id(p) in encoder]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    return [
        Muon(matrices, recipe.matrix_rate),
        torch.optim.AdamW(others, lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.01),
    ]


def score(parser: FaceParser, faces: FaceFolder, batch: int = 8) -> np.ndarray:
    """Confusion matrix of the parser's readings of a folder's images, int64 (19, 19)."""
    matrix = np.zeros((NUM_REGIONS, NUM_REGIONS), np.int64)
    for first in tqdm(range(0, len(faces), batch), desc=faces.folder.name):
        some = [faces[n] for n in range(first, min(first + batch, len(faces)))]
        readings = parser.parse_batch(np.stack([face.image for face in some]))
        matrix += confusion_matrix(np.stack([face.label_map for face in some]), readings)
    return matrix
