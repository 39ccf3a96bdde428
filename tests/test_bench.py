"""The bench measures the parts that a picture really consists of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from facemogle.bench import DECODE, FIRST, SECOND, STEP, Parts, measure, ratios, table
from facemogle.checkpoints import load_pipeline
from facemogle.pipeline import FaceMoGLEPipeline

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def pipeline() -> FaceMoGLEPipeline:
    return load_pipeline(FIXTURES / "tiny_flux", face_mogle=FIXTURES / "tiny_face_mogle")


@pytest.fixture
def label_map() -> np.ndarray:
    return np.where(np.arange(64)[:, None] < np.full(64, 40), 13, 1).astype(np.uint8)


def test_times_every_part_in_every_repeat(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    parts = Parts(pipeline, label_map, num_steps=2).all()
    seconds = measure(parts, repeats=2, device=pipeline.device)
    assert list(seconds) == list(parts)
    assert all(len(times) == 2 and min(times) > 0 for times in seconds.values())


def test_the_changed_mask_differs_in_few_pictures(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every picture new, or none, the second picture's time would mean nothing."""
    encoded: list[int] = []
    encode = pipeline.vae.encode
    monkeypatch.setattr(pipeline.vae, "encode", lambda x: encoded.append(len(x)) or encode(x))
    parts = Parts(pipeline, label_map, num_steps=1).all()
    counts = {}
    for name in ("encode mask, no picture known", "encode mask, one region changed", FIRST, SECOND):
        encoded.clear()
        parts[name]()
        counts[name] = sum(encoded)
    assert list(counts.values()) == [4, 3, 4, 3], "global, hair, skin, empty; global, hair, hat"


def test_the_transformer_step_is_the_one_that_pictures_are_made_of(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    parts = Parts(pipeline, label_map, num_steps=1)
    with torch.no_grad():
        (velocity,) = parts.all()[STEP]()
    assert torch.equal(velocity, parts.last_step.velocity)


def test_ratios_are_of_medians() -> None:
    seconds = {STEP: [1.0, 9.0, 2.0], DECODE: [1.0], FIRST: [12.0], SECOND: [6.0]}
    assert list(ratios(seconds, num_steps=5).values()) == [12 / 11, 6 / 11, 0.5]


def test_the_table_is_in_milliseconds() -> None:
    report = {
        "model": "mini",
        "device": "cpu",
        "threads": 2,
        "torch": "2",
        "size": [256, 128],
        "steps": 10,
        "repeats": 3,
        "seconds": {STEP: {"median": 0.0125, "min": 0.01, "max": 0.02}},
        "ratios": {"second picture / first": 0.5},
    }
    text = table(report)
    assert "128x256" in text and "2 torch threads" in text
    assert "12.5     10.0     20.0" in text and text.endswith("0.50")
