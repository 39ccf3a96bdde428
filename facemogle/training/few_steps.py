"""Distillation: a student that makes in one step what its guided teacher makes in several.

Each of the student's steps goes from one noise level to the next; it learns the mean velocity of
the way that the teacher takes between the two in smaller steps, guided by the prompt and by the
mask (progressive distillation, arXiv 2202.00512; of guided models, arXiv 2210.03142). Half of the
ways start where the student's own steps have led, so that it meets its errors in training.

Shapes: B batch, N tokens, C = 64 channels.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.runs.schedule import make_schedule
from facemogle.training.batches import Batch
from facemogle.training.flow import FlowModel, gate_loss
from facemogle.training.recipe import FewSteps
from facemogle.training.trainer import FlowTrainer


class Teacher:
    """A frozen copy of a model, guided by the prompt and by the mask."""

    def __init__(self, model: FlowModel, few: FewSteps) -> None:
        self.model, self.few = copy.deepcopy(model).eval().requires_grad_(False), few

    @torch.no_grad()
    def way(
        self,
        batch: Batch,
        x: Tensor,
        ids: Tensor,
        levels: Sequence[float],
        no_text: Sequence[Tensor],
        conditioned: bool,
    ) -> Tensor:
        """Where x (B, N, C) at the first noise level has come to at the last one."""
        for t, after in pairwise(levels):
            x = x + (after - t) * self._velocity(at(batch, t), x, ids, t, no_text, conditioned)
        return x

    def _velocity(
        self,
        batch: Batch,
        x: Tensor,
        ids: Tensor,
        t: float,
        no_text: Sequence[Tensor],
        conditioned: bool,
    ) -> Tensor:
        few, model = self.few, self.model
        velocity = guided = model(batch, x, ids, conditioned)[0].float()
        if few.guided_until <= t <= few.guided_from:
            unprompted = replace(batch, clip_ids=no_text[0], t5_ids=no_text[1])
            without = model(unprompted, x, ids, conditioned)[0].float()
            guided = guided + (few.text_scale - 1) * (velocity - without)
        if conditioned:
            without = model(batch, x, ids, False)[0].float()
            guided = guided + few.mask_scale * (velocity - without)
        return guided


class FewStepsTrainer(FlowTrainer):
    """Trains a model on a frozen copy of itself; arguments are those of `FlowTrainer`.

    scheduler: whose noise levels the student is to be sampled at.
    """

    def __init__(
        self,
        *arguments: Any,
        teacher: Teacher,
        scheduler: FlowMatchEulerDiscreteScheduler,
    ) -> None:
        super().__init__(*arguments)
        self.teacher, self.few = teacher, teacher.few
        num_tokens = (self.recipe.stages[-1].size // PIXELS_PER_TOKEN) ** 2
        fine = self.few.steps * self.few.substeps
        schedule = make_schedule(scheduler, num_tokens, fine)
        self.levels = torch.as_tensor(schedule.sigmas).tolist()
        """The teacher's noise levels, from 1 to 0; the student has every substeps-th of them."""
        teacher.model.to(self.accelerator.device)

    def loss(
        self, batch: Batch, ids: Tensor, conditioned: bool, draw: random.Random
    ) -> dict[str, Tensor]:
        """Of one of the student's steps, see `FlowTrainer.loss`."""
        few = self.few
        first = draw.randrange(few.steps) * few.substeps
        levels = self.levels[first : first + few.substeps + 1]
        t, no_text = levels[0], self.no_text(batch)
        if draw.random() < few.own:
            x = self._own_way(batch, ids, self.levels[: first + 1 : few.substeps], conditioned)
        else:
            x = (1 - t) * batch.clean + t * batch.noise
        end = self.teacher.way(batch, x, ids, levels, no_text, conditioned)
        target = (x - end) / (t - levels[-1])
        velocity, weights = self.run.model(at(batch, t), x, ids, conditioned)
        error = (velocity.float() - target).square().mean(dim=2)  # (B, N)
        loss = (error * batch.weights).mean()
        gate = loss.new_zeros(())
        if weights is not None:
            gate = gate_loss(weights, batch.shares, at(batch, t).t)
        return {
            "loss": loss + self.recipe.gate_weight * gate,
            "velocity_error": error.mean(),
            "gate": gate,
        }

    @torch.no_grad()
    def _own_way(
        self, batch: Batch, ids: Tensor, levels: Sequence[float], conditioned: bool
    ) -> Tensor:
        student, x = self.accelerator.unwrap_model(self.run.model), batch.noise
        for t, after in pairwise(levels):
            x = x + (after - t) * student(at(batch, t), x, ids, conditioned)[0].float()
        return x


def at(batch: Batch, t: float) -> Batch:
    """The same faces at another noise level."""
    return replace(batch, t=torch.full_like(batch.t, t))
