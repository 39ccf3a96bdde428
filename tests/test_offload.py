"""Images are the same wherever weights wait for their turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from accelerate.hooks import CpuOffload
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
    """The command line's `--offload group`."""
    offload(pipeline, CPU, "group")


@pytest.fixture(scope="module")
def expected(label_map: np.ndarray) -> dict[bool, np.ndarray]:
    pipeline = load()
    return {masked: image(pipeline, label_map if masked else None) for masked in (True, False)}


class Waiting:
    """Without a second device, weights that wait would stay usable; here they are NaN meanwhile."""

    def __init__(self) -> None:
        self.kept: dict[int, torch.Tensor] = {}
        self.spoiled = 0

    def release(self, tensors: Iterable[torch.Tensor], keep: bool) -> None:
        for tensor in tensors:
            if tensor.is_floating_point() and id(tensor) not in self.kept:
                if keep:
                    self.kept[id(tensor)] = tensor.detach().clone()
                tensor.data.fill_(torch.nan)
                self.spoiled += 1

    def bring(self, tensors: Iterable[torch.Tensor]) -> None:
        for tensor in tensors:
            if id(tensor) in self.kept:
                tensor.data.copy_(self.kept.pop(id(tensor)))


def weights_of(modules: Iterable[torch.nn.Module]) -> Iterator[torch.Tensor]:
    for module in modules:
        yield from module.parameters()
        yield from module.buffers()


def tensors_of(group: ModuleGroup) -> list[torch.Tensor]:
    return [*weights_of(group.modules), *group.parameters, *group.buffers]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    waiting = Waiting()
    onload, release = ModuleGroup.onload_, ModuleGroup.offload_
    start, before = CpuOffload.init_hook, CpuOffload.pre_forward

    def group_onload(group: ModuleGroup) -> None:
        waiting.bring(tensors_of(group))
        onload(group)

    def group_release(group: ModuleGroup) -> None:
        release(group)
        waiting.release(tensors_of(group), keep=not group.offload_to_disk_path)

    def model_release(hook: CpuOffload, module: torch.nn.Module) -> torch.nn.Module:
        module = start(hook, module)
        waiting.release(weights_of([module]), keep=True)
        return module

    def model_onload(hook: CpuOffload, module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        waiting.bring(weights_of([module]))
        return before(hook, module, *args, **kwargs)

    monkeypatch.setattr(ModuleGroup, "onload_", group_onload)
    monkeypatch.setattr(ModuleGroup, "offload_", group_release)
    monkeypatch.setattr(CpuOffload, "init_hook", model_release)
    monkeypatch.setattr(CpuOffload, "pre_forward", model_onload)
    return waiting


@pytest.mark.parametrize(
    "offload_by",
    [by_model, by_layer, by_group("block_level"), by_group("leaf_level"), by_block],
    ids=["model", "sequential", "block", "leaf", "command line"],
)
def test_offload_changes_no_image(
    offload_by: Callable[[FaceMoGLEPipeline, Path], None],
    label_map: np.ndarray,
    expected: dict[bool, np.ndarray],
    waiting: Waiting,
    tmp_path: Path,
) -> None:
    """Hooks wait for calls: layers that a block's owner called by itself had NaN as weights."""
    pipeline = load()
    offload_by(pipeline, tmp_path)
    transformer = pipeline.transformer
    assert waiting.spoiled or all(p.is_meta for p in transformer.parameters())
    for masked, image_without in expected.items():
        image_with = image(pipeline, label_map if masked else None)
        np.testing.assert_allclose(image_with, image_without, rtol=0, atol=1e-5)
