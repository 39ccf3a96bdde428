"""The arithmetic of the paper's metrics on small given features, and their models in miniature."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from reference_arrays import FIXTURES
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    ViTConfig,
    ViTImageProcessorPil,
    ViTModel,
)

from facemogle.evaluation import distances, external
from facemogle.evaluation.cli import METRICS
from facemogle.evaluation.detector import area_under_curve
from facemogle.evaluation.distances import kernel_distance
from facemogle.evaluation.external import (
    clip_score,
    cmmd,
    last_keys,
    self_similarity,
    structure_distance,
)

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
PROMPTS = ("a man", "a woman with black hair", "")


def features(images: Iterable[np.ndarray]) -> np.ndarray:
    """What the stand-in below sees in images: six numbers of each."""
    return np.stack([image[:2, :3, 0].ravel() for image in images]).astype(float)


@pytest.fixture
def cleanfid(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, which brings a torchvision of its own: resizing, features."""
    package: Any = ModuleType("cleanfid")
    extractor: Any = ModuleType("cleanfid.features")
    package.fid, package.resize = SimpleNamespace(), SimpleNamespace()
    package.resize.build_resizer = lambda mode: lambda image: image[:2, :3].astype(np.float32)
    package.fid.get_batch_features = lambda batch, model, device: features(
        list(batch.movedim(1, -1).numpy())
    )
    extractor.build_feature_extractor = lambda mode, device, use_dataparallel: mode
    for name, module in (("", package), (".fid", package.fid), (".resize", package.resize)):
        monkeypatch.setitem(sys.modules, f"cleanfid{name}", module)
    monkeypatch.setitem(sys.modules, "cleanfid.features", extractor)


def images_of_two_kinds() -> tuple[np.ndarray, np.ndarray]:
    """Made and real ones, uint8 (20, 4, 4, 3)."""
    draw = np.random.default_rng(0)
    made, real = (draw.integers(low, low + 9, (20, 4, 4, 3), np.uint8) for low in (0, 2))
    return made, real


@pytest.mark.usefixtures("cleanfid")
def test_fid_by_scipys_matrix_root() -> None:
    """Published numbers use the root of the product of covariances; ours goes another way."""
    made, real = images_of_two_kinds()
    metric = external.METRICS["fid"](CPU)
    for n in range(0, 20, 5):
        metric.add(made[n : n + 5], real[n : n + 5], [""] * 5)
    a, b = features(made), features(real)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(np.asarray(scipy.linalg.sqrtm(first @ second)))
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first + second - 2 * root)
    assert metric.value() == pytest.approx(expected)


@pytest.mark.usefixtures("cleanfid")
def test_kid_is_the_unbiased_distance_of_cubic_kernels() -> None:
    """Of sets that fit into one subset all subsets are equal."""
    made, real = images_of_two_kinds()
    metric = external.METRICS["kid"](CPU)
    metric.add(made, real, [""] * 20)
    a, b = features(made), features(real)

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / 6 + 1) ** 3

    same = [(k.sum() - np.trace(k)) / (20 * 19) for k in (kernel(a, a), kernel(b, b))]
    assert metric.value() == pytest.approx(1000 * (sum(same) - 2 * kernel(a, b).mean()))


def test_kid_takes_subsets_of_large_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them ten thousand features would need gigabytes; the mean must stay the same."""
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(400, 6)), draw.normal(size=(300, 6)) + 0.3
    whole = kernel_distance(a, b)
    monkeypatch.setattr(distances, "SUBSET_SIZE", 100)
    parts = kernel_distance(a, b)
    assert parts != whole and parts == pytest.approx(whole, rel=0.1)
    assert parts == kernel_distance(a, b)


def test_cmmd_by_hand() -> None:
    x, y = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    assert cmmd(x, x) == pytest.approx(0)
    # Unit vectors at a right angle: squared distance 2, kernel exp(-2 / 200).
    assert cmmd(x, y) == pytest.approx(1000 * (2 - 2 * np.exp(-0.01)))
    both = torch.cat([x, y])
    assert cmmd(both, both) == pytest.approx(0, abs=1e-9)
    mixed = 0.5 + 0.5 * np.exp(-0.01)
    assert cmmd(both, x) == pytest.approx(1000 * (mixed + 1 - 2 * mixed))


def test_the_clip_score_by_hand() -> None:
    images = torch.tensor([[1.0, 0.0], [3.0, 0.0], [-1.0, 0.0]])
    prompts = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    # An opposite direction counts as 0, not as -100.
    assert clip_score(images, prompts) == pytest.approx((100 / np.sqrt(2) + 100 + 0) / 3)


def test_the_structure_distance_by_hand() -> None:
    equal = torch.tensor([[[1.0, 0.0], [2.0, 0.0]]])
    across = torch.tensor([[[1.0, 0.0], [0.0, 5.0]]])
    assert torch.equal(self_similarity(equal), torch.ones(1, 2, 2))
    assert torch.equal(self_similarity(across), torch.eye(2)[None])
    found = structure_distance(self_similarity(equal), self_similarity(across))
    assert found.tolist() == [0.5]  # two of four cosines differ by 1


def test_the_area_under_the_curve_by_hand() -> None:
    made, real = np.array([3.0, 2.0]), np.array([1.0, 2.0])
    assert area_under_curve(made, real) == (1 + 1 + 1 + 0.5) / 4
    assert area_under_curve(real + 10, real) == 1


@pytest.fixture
def tiny_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(FIXTURES / "tiny_flux" / "tokenizer")
    small = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    ends = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
    text = {**small, **ends, "vocab_size": len(tokenizer)}
    vision = {**small, "image_size": 32, "patch_size": 8}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(
        tmp_path
    )
    images = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    CLIPProcessor(images, tokenizer).save_pretrained(tmp_path)
    monkeypatch.setattr(external, "CLIP", str(tmp_path))
    monkeypatch.setattr(external, "CLIP_336", str(tmp_path))


@pytest.mark.usefixtures("tiny_clip")
def test_clip_sees_images_and_prompts_in_any_batches() -> None:
    for name in ("cmmd", "clip"):
        whole, parts = external.METRICS[name](CPU), external.METRICS[name](CPU)
        whole.add(IMAGES, 255 - IMAGES, PROMPTS)
        for n in range(3):
            parts.add(IMAGES[n : n + 1], 255 - IMAGES[n : n + 1], PROMPTS[n : n + 1])
        assert parts.value() == pytest.approx(whole.value(), abs=1e-4)
    same = external.METRICS["cmmd"](CPU)
    same.add(IMAGES, IMAGES, PROMPTS)
    assert same.value() == pytest.approx(0, abs=1e-6)


def test_dino_compares_the_keys_of_the_last_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
    )
    torch.manual_seed(0)
    model = ViTModel(config, add_pooling_layer=False).eval()
    pixels = torch.randn(1, 3, 32, 32)
    keys = last_keys(model, pixels)
    assert keys.shape == (1, 17, 16)
    hidden = model(pixels, output_hidden_states=True).hidden_states[-2]
    layer = [part for name, part in model.named_modules() if name.endswith("layernorm_before")][-1]
    wanted = [part for name, part in model.named_modules() if name.endswith("k_proj")][-1]
    torch.testing.assert_close(keys, wanted(layer(hidden)))
    model.save_pretrained(tmp_path)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    monkeypatch.setattr(external, "DINO", str(tmp_path))
    metric = external.METRICS["dino"](CPU)
    metric.add(IMAGES, IMAGES, PROMPTS)
    assert metric.value() == 0
    metric.add(IMAGES, 255 - IMAGES, PROMPTS)
    assert metric.value() > 0


def test_image_reward_averages_over_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        def score(self, prompt: str, image: object) -> float:
            return float(len(prompt))

    package = ModuleType("ImageReward")
    package.load = lambda name, device: Model()  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "ImageReward", package)
    metric = external.METRICS["image-reward"](CPU)
    metric.add(IMAGES, IMAGES, PROMPTS)
    assert metric.value() == np.mean([len(prompt) for prompt in PROMPTS])


@pytest.mark.parametrize("name", METRICS)
def test_what_is_missing_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, and not after an hour of images."""
    for place in ("CLIP", "CLIP_336", "DINO"):
        monkeypatch.setattr(external, place, str(tmp_path / "weights"))
    for package in ("cleanfid", "ImageReward"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match="--metrics"):
        external.METRICS[name](CPU)


def test_the_command_knows_all_metrics() -> None:
    assert set(METRICS) == set(external.METRICS)
