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
from torch import Tensor, nn

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
    def velocity(
        self,
        batch: Batch,
        x: Tensor,
        ids: Tensor,
        levels: Sequence[float],
        no_text: Sequence[Tensor],
        conditioned: bool,
    ) -> Tensor:
        """Mean velocity (B, N, C) on the way of x (B, N, C) from the first noise level to the last.

        no_text: the ids of as many empty prompts, CLIP's and T5's. conditioned: see `FlowModel`.
        """
        end = x
        for t, after in pairwise(levels):
            end = end + (after - t) * self._guided(at(batch, t), end, ids, t, no_text, conditioned)
        return (x - end) / (levels[0] - levels[-1])

    def _guided(
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
        self.levels = self.noise_levels(scheduler, num_tokens, self.few)
        teacher.model.to(self.accelerator.device)

    @staticmethod
    def noise_levels(
        scheduler: FlowMatchEulerDiscreteScheduler, num_tokens: int, few: FewSteps
    ) -> list[float]:
        """The teacher's, from 1 to 0; the student has every `few.substeps`-th of them."""
        schedule = make_schedule(scheduler, num_tokens, few.steps * few.substeps)
        return torch.as_tensor(schedule.sigmas).tolist()

    def loss(
        self, batch: Batch, ids: Tensor, conditioned: bool, draw: random.Random
    ) -> dict[str, Tensor]:
        """Of one of the student's steps, see `FlowTrainer.loss`."""
        few = self.few
        first = draw.randrange(few.steps) * few.substeps
        levels = self.levels[first : first + few.substeps + 1]
        if draw.random() < few.own:
            x = self._own_way(batch, ids, self.levels[: first + 1 : few.substeps], conditioned)
        else:
            x = (1 - levels[0]) * batch.clean + levels[0] * batch.noise
        target = self.teacher.velocity(batch, x, ids, levels, self.no_text(batch), conditioned)
        batch = at(batch, levels[0])
        return step_loss(
            self.run.model, batch, x, ids, target, conditioned, self.recipe.gate_weight
        )

    @torch.no_grad()
    def _own_way(
        self, batch: Batch, ids: Tensor, levels: Sequence[float], conditioned: bool
    ) -> Tensor:
        student, x = self.accelerator.unwrap_model(self.run.model), batch.noise
        for t, after in pairwise(levels):
            x = x + (after - t) * student(at(batch, t), x, ids, conditioned)[0].float()
        return x


def step_loss(
    student: nn.Module,
    batch: Batch,
    x: Tensor,
    ids: Tensor,
    target: Tensor,
    conditioned: bool,
    gate_weight: float,
) -> dict[str, Tensor]:
    """Mean squared error of the student's velocity, weighted by region, with the gate's prior; the
    same unweighted; and the prior, see `facemogle.training.flow.gate_loss`.

    x, target: where the step starts, and the velocity that it should have, (B, N, C).
    """
    velocity, weights = student(batch, x, ids, conditioned)
    error = (velocity.float() - target).square().mean(dim=2)  # (B, N)
    loss = (error * batch.weights).mean()
    gate = loss.new_zeros(()) if weights is None else gate_loss(weights, batch.shares, batch.t)
    return {"loss": loss + gate_weight * gate, "velocity_error": error.mean(), "gate": gate}


def at(batch: Batch, t: float) -> Batch:
    """The same faces at another noise level."""
    return replace(batch, t=torch.full_like(batch.t, t))
