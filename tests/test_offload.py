"""Images are the same wherever weights wait for their turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from conftest import load_tiny_pipeline
from diffusers.hooks.group_offloading import ModuleGroup

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights.fitting import offload

CPU = torch.device("cpu")


def load() -> FaceMoGLEPipeline:
    short = FaceMoGLEPipeline(**load_tiny_pipeline().components, text_length=32)
    short.set_progress_bar_config(disable=True)
    return short


def image(pipeline: FaceMoGLEPipeline, mask: np.ndarray | None) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    arguments = {"generator": generator, "height": 64, "width": 64, "output_type": "np"}
    return pipeline("a man", mask, 2, **arguments).images


def by_model(pipeline: FaceMoGLEPipeline, folder: Path) -> None:
    pipeline.enable_model_cpu_offload(device="cpu")


def by_layer(pipeline: FaceMoGLEPipeline, folder: Path) -> None:
    """What `enable_sequential_cpu_offload` does, which makes its device "cpu:0" on a CPU; no tensor
    says that it is there, and accelerate then loses the weights' class.
    """
    for name, model in pipeline.components.items():
        if isinstance(model, torch.nn.Module) and name not in pipeline._exclude_from_cpu_offload:
            cpu_offload(model, CPU, offload_buffers=len(model._parameters) > 0)


def by_group(kind: str) -> Callable[[FaceMoGLEPipeline, Path], None]:
    def offload_by(pipeline: FaceMoGLEPipeline, folder: Path) -> None:
        options = {"offload_type": kind, "num_blocks_per_group": 1}
        pipeline.enable_group_offload(CPU, offload_to_disk_path=str(folder), **options)

    return offload_by


def by_block(pipeline: FaceMoGLEPipeline, folder: Path) -> None:
    """The command line's `--offload group`; between CPU and CPU nothing moves, so only that it runs
    is shown here.
    """
    offload(pipeline, CPU, "group")


@pytest.fixture(scope="module")
def expected(label_map: np.ndarray) -> dict[bool, np.ndarray]:
    pipeline = load()
    return {masked: image(pipeline, label_map if masked else None) for masked in (True, False)}


@pytest.fixture
def waiting_weights_are_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a second device, weights that wait on disk leave whatever was in memory."""
    release = ModuleGroup.offload_

    def release_and_spoil(group: ModuleGroup) -> None:
        release(group)
        for tensor in group.tensor_to_key if group.offload_to_disk_path else ():
            if tensor.is_floating_point():
                tensor.data.fill_(torch.nan)

    monkeypatch.setattr(ModuleGroup, "offload_", release_and_spoil)


@pytest.mark.usefixtures("waiting_weights_are_unusable")
@pytest.mark.parametrize(
    "offload_by",
    [by_model, by_layer, by_group("block_level"), by_group("leaf_level"), by_block],
    ids=["model", "sequential", "block", "leaf", "command line"],
)
def test_offload_changes_no_image(offload_by, label_map, expected, tmp_path) -> None:
    """Hooks wait for calls: layers that a block's owner called by itself had NaN as weights."""
    pipeline = load()
    offload_by(pipeline, tmp_path)
    for masked, image_without in expected.items():
        image_with = image(pipeline, label_map if masked else None)
        np.testing.assert_allclose(image_with, image_without, rtol=0, atol=1e-5)
