"""A face parser reads the regions in their order, from any image, or says why it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from PIL import Image
from safetensors.torch import load_file, save_file

from facemogle.masks.iou import confusion_matrix, mean_iou, region_iou
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import REGIONS
from facemogle.photo.parser import EMBEDDED_FOLDER, FaceParser, load_parser, save_parser
from facemogle.training.parser import build_parser
from facemogle.training.recipe import ParserRecipe, Stage
from facemogle.weights import downloads
from facemogle.weights.errors import CheckpointError
from facemogle.weights.loading import load_pipeline

ROOT = Path(__file__).parents[1]
TINY = ParserRecipe(
    widths=(8, 8), depths=(1, 1), heads=(1, 1), reductions=(2, 1), ratios=(1, 1), head_channels=8,
    stages=(Stage(64, 2, 2),),
)  # fmt: skip
SKIN, L_EYE, R_EYE, HAIR = 1, 4, 5, 13


@pytest.fixture(scope="module")
def tiny() -> FaceParser:
    """Random weights."""
    torch.manual_seed(0)
    return build_parser(TINY)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), np.uint8)


@pytest.mark.parametrize("size", [(64, 96), (200, 50), (7, 5), (1500, 1100), (2, 4000)])
def test_the_label_map_has_the_images_size(tiny: FaceParser, size: tuple[int, int]) -> None:
    labels = tiny.parse(Image.new("RGBA", (size[1], size[0]), "tan"))
    assert labels.shape == size and labels.dtype == np.uint8 and labels.max() < 19


def test_a_batch_is_read_as_its_images_are(tiny: FaceParser, noise: np.ndarray) -> None:
    """Left in training mode, an image's reading depends on those beside it."""
    together = tiny.parse_batch(noise)
    assert len(np.unique(together)) > 1
    for image, labels in zip(noise, together, strict=True):
        assert (tiny.parse(image) != labels).mean() < 0.01  # rounding, where two scores are equal


def test_classes_are_found_by_name(tiny: FaceParser, noise: np.ndarray, tmp_path: Path) -> None:
    """Versions of the hub's parser have other orders, and names like 'l_eye.png'."""
    save_parser(tiny, tmp_path)
    expected = load_parser(tmp_path).parse_batch(noise)
    weights = load_file(tmp_path / "model.safetensors")
    order = np.random.default_rng(1).permutation(19)
    for name in ("decode_head.classifier.weight", "decode_head.classifier.bias"):
        weights[name] = weights[name][order].contiguous()
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {n: f"{REGIONS[region].name}.png" for n, region in enumerate(order)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert np.array_equal(load_parser(tmp_path).parse_batch(noise), expected)


def test_a_model_of_other_regions_is_refused(tiny: FaceParser) -> None:
    config: Any = tiny.model.config
    names = config.id2label
    config.id2label = names | {4: "left_eye"}
    with pytest.raises(CheckpointError, match="no class for l_eye"):
        FaceParser(tiny.model, 64, [0.5] * 3, [0.5] * 3)
    config.id2label = names


def test_gradients_and_features_are_of_the_image(tiny: FaceParser) -> None:
    """What a loss or a distance needs."""
    pixels = torch.zeros(2, 3, 64, 64, requires_grad=True)
    logits = tiny.logits(pixels)
    assert logits.shape == (2, 19, 32, 32)
    logits.sum().backward()
    assert pixels.grad is not None and pixels.grad.abs().sum() > 0
    assert tiny.features(pixels).shape == (2, TINY.widths[-1])


@pytest.mark.parametrize("name", ["nowhere", str(ROOT / "assets")])
def test_a_folder_without_a_parser_is_named(name: str) -> None:
    with pytest.raises(CheckpointError, match="is not a face parser"):
        load_parser(name)


def test_offline_the_hubs_parser_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers itself would talk of a missing config.json."""

    def offline(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no such file")

    monkeypatch.setattr(downloads, "snapshot_download", offline)
    with pytest.raises(CheckpointError, match=r"could not be downloaded.*take the embedded parser"):
        load_parser("hub")


def test_iou_counts_pixels_of_all_images_together() -> None:
    truth = np.array([[SKIN, SKIN, HAIR, HAIR]], np.uint8)
    reading = np.array([[SKIN, HAIR, HAIR, L_EYE]], np.uint8)
    matrix = confusion_matrix(truth, reading)
    assert matrix.sum() == 4 and matrix[HAIR, L_EYE] == 1
    iou = region_iou(matrix)
    assert iou[[SKIN, HAIR, L_EYE]].tolist() == [1 / 2, 1 / 3, 0]
    assert np.isnan(iou).sum() == 16
    assert mean_iou(matrix) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert mean_iou(confusion_matrix(truth, truth)) == 1


def test_the_embedded_parser_is_small_and_reads_what_mini_makes() -> None:
    """It comes with the code, is opened without running any, and knows left from right."""
    files = list(EMBEDDED_FOLDER.iterdir())
    assert sum(path.stat().st_size for path in files) < 16e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}
    mask = read_mask(ROOT / "assets/templates/long_hair.png").label_map
    mini = load_pipeline("mini", device="cpu")
    mini.set_progress_bar_config(disable=True)
    image = mini("", mask, generator=torch.Generator().manual_seed(0)).images[0]
    iou = region_iou(confusion_matrix(mask, load_parser(device="cpu").parse(image)))
    assert min(iou[SKIN], iou[HAIR]) > 0.7
    assert min(iou[L_EYE], iou[R_EYE]) > 0.3
