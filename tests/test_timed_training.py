"""All parts of the embedded model trained in a given time, and data that keeps a GPU busy."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from facemogle.__main__ import main
from facemogle.faces.folder import FaceFolder
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.batches import FlowData
from facemogle.training.clock import Clock, Until
from facemogle.training.data import endless
from facemogle.training.latent_store import LatentStore
from facemogle.training.own_latents import OwnLatents
from facemogle.training.recipe import FlowRecipe, VAERecipe
from facemogle.training.vae import build_vae
from facemogle.weights.loading import load_pipeline


class FakeTime:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


def test_a_run_by_the_clock_passes_with_time_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Preparation must not eat the warm-up, the end must stay where it was, and a killed run must
    neither get its time again nor lose what others have left it.
    """
    time = FakeTime()
    run = Until(Clock(tmp_path / "clock.json", time), "vae", end=100.0)
    time.now += 20
    assert run.passed(0) == 0.0
    time.now += 20
    assert run.passed(1) == 0.25
    time.now += 8 * 3600  # killed, and started again the next day
    clock = Clock(tmp_path / "clock.json", time)
    assert clock.seconds() == 40 and clock.done == []
    run = Until(clock, "vae", end=100.0)
    assert run.passed(700) == 0.25
    time.now += 60
    assert run.passed(701) == 1.0
    clock.finish("vae")
    later = Until(clock, "decoder", end=90.0)
    assert later.passed(0) == 0.0  # too late, yet a model of one step is one that can be stored
    time.now += 1
    assert later.passed(1) == 1.0
    assert Clock(tmp_path / "clock.json", time).done == ["vae"]


def test_what_is_encoded_beforehand_is_what_is_encoded_when_needed(
    faces: Path, tmp_path: Path
) -> None:
    """And a batch from other processes is the one that this process would load."""
    torch.manual_seed(0)
    vae, recipe = build_vae(VAERecipe()).eval(), FlowRecipe(painted=0.5)
    one, two = (
        FlowData(LatentStore(FaceFolder(faces, 64), vae, tmp_path / name), recipe) for name in "ab"
    )
    one.store.fill(one.kinds, workers=1)
    files = {path.name for path in one.store.folder.iterdir()}
    loaders = [
        iter(endless(data, 4, seed=1, step=0, workers=workers, collate_fn=list))
        for data, workers in ((one, 1), (two, 0))
    ]
    for ours, theirs in islice(zip(*loaders, strict=True), 6):
        for (*tensors, caption), (*expected, other) in zip(ours, theirs, strict=True):
            assert caption == other
            for a, b in zip(tensors, expected, strict=True):
                assert torch.allclose(a.float(), b.float(), atol=5e-3)
    assert {path.name for path in two.store.folder.iterdir()} <= files
    assert {path.name for path in one.store.folder.iterdir()} == files


def test_own_latents_made_together_are_those_made_alone(
    own_pipeline: FaceMoGLEPipeline, faces: Path, tmp_path: Path
) -> None:
    own_pipeline.vae = build_vae(VAERecipe()).eval()
    one, two = (
        OwnLatents(own_pipeline, LatentStore(FaceFolder(faces, 32), own_pipeline.vae, folder))
        for folder in (tmp_path / "a", tmp_path / "b")
    )
    one.fill(3)
    assert len(list(one.store.folder.glob("*.own.*"))) == 3
    for n in range(3):
        assert torch.allclose(one.of(n), two.of(n), rtol=0.01, atol=0.02)


def test_one_command_trains_all_parts_once(small_shape: None, faces: Path, tmp_path: Path) -> None:
    """The result paints at twice the size of its masks, in few steps; run again, the command trains
    nothing that is done.
    """
    arguments = ["train", "--minutes", "0.02", "--stage", "32:2:1", "--stage", "32:2:3"]
    arguments += ["--data", str(faces), "--out", str(tmp_path)]
    assert main(arguments) == 0
    pipeline = load_pipeline(tmp_path / "pipeline")
    assert pipeline.config["default_steps"] == 4 and pipeline.config["default_guidance"] == 1
    image = pipeline("a woman", np.zeros((32, 32), np.uint8)).images[0]
    assert image.size == (64, 64)
    assert load_pipeline(tmp_path / "teacher" / "pipeline").config["default_size"] == 32
    kept = json.loads((tmp_path / "clock.json").read_text())
    assert kept["done"] == ["vae", "transformer", "decoder", "few-steps"]
    states = {path: path.stat().st_mtime for path in tmp_path.rglob("*_run/state")}
    assert len(states) == 4
    assert main(arguments) == 0
    assert {path: path.stat().st_mtime for path in tmp_path.rglob("*_run/state")} == states


def test_a_time_for_all_parts_takes_no_model_to_go_on_from(tmp_path: Path, capsys) -> None:
    arguments = ["train", "--minutes", "1", "--data", "x", "--out", str(tmp_path)]
    assert main([*arguments, "--from", "mini"]) == 2
    assert main([*arguments, "--recipe", "paper"]) == 2
    assert "--from" in capsys.readouterr().err
