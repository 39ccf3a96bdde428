"""Noise levels, as FLUX has them: evenly spaced, then shifted by the number of tokens."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)


def make_schedule(
    scheduler: FlowMatchEulerDiscreteScheduler,
    num_tokens: int,
    num_steps: int,
    sigmas: Sequence[float] | None = None,
    timesteps: Sequence[float] | None = None,
) -> FlowMatchEulerDiscreteScheduler:
    """A copy of the scheduler, set to FLUX's noise levels: evenly spaced, then shifted.

    num_tokens: N; more tokens shift the levels towards noise.
    sigmas: noise levels in [0, 1] before the shift, in place of the even ones.
    timesteps: what the models are told instead of sigma * 1000 after the shift.
    """
    scheduler = copy.deepcopy(scheduler)
    even = np.linspace(1.0, 1 / num_steps, num_steps)
    scheduler.set_timesteps(
        sigmas=list(even if sigmas is None else sigmas),
        timesteps=None if timesteps is None else list(timesteps),
        mu=dynamic_shift(scheduler.config, num_tokens),
    )
    scheduler.set_begin_index(0)
    return scheduler


def dynamic_shift(config: Mapping[str, Any], num_tokens: int) -> float:
    """FLUX's shift parameter mu: linear in the number of tokens, through two given points."""
    start, end = config["base_image_seq_len"], config["max_image_seq_len"]
    slope = (config["max_shift"] - config["base_shift"]) / (end - start)
    return config["base_shift"] + slope * (num_tokens - start)
