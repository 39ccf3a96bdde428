"""The arithmetic of the paper's metrics on small given features, and their models in miniature."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from parity import FIXTURES
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

from facemogle.evaluation import external
from facemogle.evaluation.cli import METRICS
from facemogle.evaluation.detector import area_under_curve
from facemogle.evaluation.distances import frechet_distance
from facemogle.evaluation.external import (
    clip_score,
    cmmd,
    inception_distance,
    last_keys,
    self_similarity,
    structure_distance,
)

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
PROMPTS = ("a man", "a woman with black hair", "")


@pytest.fixture
def cleanfid() -> ModuleType:
    """An optional package, which needs a torchvision that fits torch."""
    try:
        return importlib.import_module("cleanfid.fid")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"clean-fid: {error}")


def test_fid_is_the_frechet_distance(cleanfid: ModuleType) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 50, 6)) * [[[1.0]], [[1.5]]]
    assert inception_distance("fid", a, b) == pytest.approx(frechet_distance(a, b), rel=1e-4)


def test_kid_is_the_unbiased_distance_of_cubic_kernels(cleanfid: ModuleType) -> None:
    """Of sets that fit into one subset all subsets are equal."""
    a, b = np.random.default_rng(0).normal(size=(2, 20, 6))
    b += 0.3

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / 6 + 1) ** 3

    same = [(k.sum() - np.trace(k)) / (20 * 19) for k in (kernel(a, a), kernel(b, b))]
    expected = 1000 * (sum(same) - 2 * kernel(a, b).mean())
    state = np.random.get_state()[1].copy()
    assert inception_distance("kid", a, b) == pytest.approx(expected)
    assert np.array_equal(np.random.get_state()[1], state)  # nobody else's numbers change


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
