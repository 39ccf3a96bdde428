"""The embedded checkpoint does what its card says: it is small, follows mask and prompt, and is
what the training code writes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from facemogle.evaluation.judge import Judge, mesh_errors
from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights.loading import load_pipeline

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "assets/templates/long_hair.png"
SKIN, HAIR = 1, 13
MOST_MEGABYTES = 60


@pytest.fixture(scope="module")
def mini() -> FaceMoGLEPipeline:
    pipeline = load_pipeline("mini")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module")
def label_map(mini: FaceMoGLEPipeline) -> np.ndarray:
    side = mini.config["default_size"]
    return read_mask(TEMPLATE, size=(side, side)).label_map


def image(
    pipeline: FaceMoGLEPipeline,
    prompt: str,
    label_map: np.ndarray,
    seed: int = 1,
    steps: int | None = None,
) -> np.ndarray:
    """The image as float (H, W, 3) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    made = pipeline(prompt, label_map, steps, generator=generator, output_type="np")
    return made.images[0]


def test_it_is_small_and_safe() -> None:
    """Everyone downloads it with the code, and opening it must not run code."""
    files = [path for path in (ROOT / "checkpoints/mini").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_MEGABYTES * 1e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md", ".txt"}


@pytest.mark.parametrize(
    ("darker", "brighter", "region"),
    [
        ("a woman with long black hair", "a woman with long blond hair", HAIR),
        ("a woman with deep skin", "a woman with very fair skin", SKIN),
    ],
)
def test_the_prompt_shows(
    mini: FaceMoGLEPipeline, label_map: np.ndarray, darker: str, brighter: str, region: int
) -> None:
    """Text that is lost on its way (wrong tokens, dropped features) leaves colours alone."""
    dark, bright = (image(mini, prompt, label_map) for prompt in (darker, brighter))
    inside = label_map == region
    assert bright[inside].mean() - dark[inside].mean() > 0.05


@pytest.mark.parametrize("glasses", ["round eyeglasses", "square sunglasses"])
def test_glasses_come_from_the_prompt_too(
    mini: FaceMoGLEPipeline, label_map: np.ndarray, glasses: str
) -> None:
    """A model that saw glasses only where the mask has them does not listen to the word."""
    prompt = "a young woman with medium skin, brown hair"
    without, worn = (image(mini, p, label_map) for p in (prompt, f"{prompt}, {glasses}"))
    change = np.abs(worn - without).mean(axis=2)
    eyes = np.isin(label_map, (4, 5)).astype(np.uint8)
    near = len(label_map) // 10 + 1
    around = cv2.dilate(eyes, np.ones((near, near), np.uint8)) > 0
    assert change[around].mean() > 0.05
    assert change[around].mean() > 4 * change[label_map == 0].mean()


def test_the_mask_shows(mini: FaceMoGLEPipeline, label_map: np.ndarray) -> None:
    """Hair painted over one half of the background darkens that half and spares the other."""
    prompt = "a woman with fair skin, long black hair"
    painted = label_map.copy()
    left = (label_map == 0) & (np.arange(len(label_map)) < len(label_map) // 2)
    painted[left] = HAIR
    before, after = image(mini, prompt, label_map), image(mini, prompt, painted)
    change = np.abs(after - before).mean(axis=2)
    assert change[left].mean() > 2 * change[~left].mean()


def test_cpus_with_and_without_bfloat16_make_the_same_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rounding that a CPU chooses for speed must be nothing that anybody sees: a face sent on
    would be another one elsewhere.
    """
    side, images = 320, []  # not its own, as bfloat16 takes long where it is emulated
    label_map = read_mask(TEMPLATE, size=(side, side)).label_map
    for multiplies in (False, True):
        for module in [m for name, m in sys.modules.items() if name.startswith("facemogle.")]:
            if hasattr(module, "cpu_multiplies_bfloat16"):
                monkeypatch.setattr(module, "cpu_multiplies_bfloat16", lambda able=multiplies: able)
        pipeline = load_pipeline("mini", device="cpu")  # whatever it chooses, it chooses anew
        pipeline.set_progress_bar_config(disable=True)
        pipeline.register_to_config(fixed_size=False, default_size=side)
        prompt = "a woman with fair skin, long black hair"
        images.append(image(pipeline, prompt, label_map, steps=1))
    exact, rounded = images
    assert 0 < np.abs(exact - rounded).mean() < 2 / 255
    judge = Judge()
    meshes = [judge.mesh(np.round(255 * one).astype(np.uint8)) for one in images]
    assert mesh_errors(meshes[1][None], meshes[0][None]) < 0.005
