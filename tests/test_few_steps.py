"""Distillation into fewer steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_training import IDS, small_batch, small_model, train  # noqa: F401 - a fixture

from facemogle.runs.schedule import make_schedule
from facemogle.training.embedded import make_scheduler
from facemogle.training.few_steps import FewStepsTrainer, Teacher, at, step_loss
from facemogle.training.flow import FlowModel
from facemogle.training.recipe import FewSteps

UNGUIDED = FewSteps(substeps=1, text_scale=1, mask_scale=0)


@torch.no_grad()
def test_a_model_has_nothing_to_learn_from_its_own_unguided_step(small_model: FlowModel) -> None:  # noqa: F811
    """Or a wrong sign, level or scale would teach it something else than to be guided."""
    batch, empty = small_batch(small_model, [1.0, 1.0])
    teacher, x = Teacher(small_model, UNGUIDED), batch.noise
    for conditioned in (True, False):
        target = teacher.velocity(batch, x, IDS, (0.8, 0.6), empty, conditioned)
        loss = step_loss(small_model, at(batch, 0.8), x, IDS, target, conditioned, 0.0)
        assert loss["velocity_error"] < 1e-8
    two = teacher.velocity(batch, x, IDS, (0.8, 0.7, 0.6), empty, True)
    first = small_model(at(batch, 0.8), x, IDS)[0]
    second = small_model(at(batch, 0.7), x - 0.1 * first, IDS)[0]
    assert torch.allclose(two, (first + second) / 2, atol=1e-4)


@torch.no_grad()
def test_the_teacher_is_guided_by_prompt_and_mask(small_model: FlowModel) -> None:  # noqa: F811
    """By the prompt only where sampling would guide it: elsewhere it colours hair wrongly."""
    batch, empty = small_batch(small_model, [1.0, 1.0])
    few = FewSteps(substeps=1, text_scale=3, mask_scale=0.5)
    teacher, x = Teacher(small_model, few), batch.noise
    for t, is_guided in ((1.0, False), (0.8, True), (0.5, False)):
        one = at(batch, t)
        plain = small_model(one, x, IDS)[0]
        unprompted = small_model(replace(one, clip_ids=empty[0], t5_ids=empty[1]), x, IDS)[0]
        expected = plain + 0.5 * (plain - small_model(one, x, IDS, False)[0])
        expected = expected + 2 * is_guided * (plain - unprompted)
        guided = teacher.velocity(batch, x, IDS, (t, t - 0.1), empty, True)
        assert torch.allclose(guided, expected, atol=1e-3)


@pytest.mark.parametrize("steps", [4, 2])
def test_the_student_learns_the_noise_levels_that_it_is_sampled_at(steps: int) -> None:
    few = FewSteps(steps=steps, substeps=3)
    fine = FewStepsTrainer.noise_levels(make_scheduler(), 256, few)
    sampled = torch.as_tensor(make_schedule(make_scheduler(), 256, steps).sigmas)
    assert torch.allclose(torch.tensor(fine[:: few.substeps]), sampled, atol=1e-6)


def test_the_command_writes_a_pipeline_of_few_unguided_steps(faces: Path, tmp_path: Path) -> None:
    """Guided again when it is sampled, it would be guided twice."""
    assert train(faces, tmp_path, "32:2:2", start=Path("mini"), recipe="few-steps") == 0
    index = json.loads((tmp_path / "pipeline" / "model_index.json").read_text())
    assert (index["default_steps"], index["default_guidance"]) == (4, 1.0)
