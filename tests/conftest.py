"""What several tests share: the tiny random model, and a label map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up_faces import write_faces
from parity import FIXTURES

from facemogle.checkpoints import load_pipeline
from facemogle.pipeline import FaceMoGLEPipeline


def load_tiny_pipeline() -> FaceMoGLEPipeline:
    pipeline = load_pipeline(
        FIXTURES / "tiny_flux", face_mogle=FIXTURES / "tiny_face_mogle", device="cpu"
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="session")
def pipeline() -> FaceMoGLEPipeline:
    """Random weights, shared by all tests: leave it as it is."""
    return load_tiny_pipeline()


@pytest.fixture
def own_pipeline() -> FaceMoGLEPipeline:
    """The same, for a test that changes it."""
    return load_tiny_pipeline()


@pytest.fixture(scope="session")
def label_map() -> np.ndarray:
    """uint8 (64, 64): skin with two eyes and hair, on background."""
    labels = np.zeros((64, 64), np.uint8)
    labels[4:60, 8:56] = 13
    labels[12:60, 14:50] = 1
    labels[24:30, 18:28] = 5
    labels[24:30, 36:46] = 4
    return labels


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training data in one folder: leave it as it is."""
    return write_faces(tmp_path_factory.mktemp("faces"))
