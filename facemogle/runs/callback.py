"""`callback_on_step_end`, diffusers' way to look at every denoising step and to change it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from facemogle.network.text import Text
from facemogle.runs.denoising import Changes, Inputs, Step, Steps

StepCallback = Callable[[Any, int, Tensor, dict[str, Any]], dict[str, Any] | None]
"""(pipeline, index, timestep 0..1000, tensors) -> tensors to go on with."""

OF_A_STEP = ("latents", "clean_latents", "velocity", "condition_tokens", "gate_weights")
TENSORS = (*OF_A_STEP, "prompt_embeds")
"""What a callback may ask for; what it returns as "latents" and "prompt_embeds" has an effect."""


class Call(threading.local):
    """What callbacks read and set of the call under way, apart for each thread.

    The names are those of diffusers' pipelines.
    """

    guidance_scale: float = 1.0
    num_timesteps: int = 0
    current_timestep: Tensor | None = None
    interrupt: bool = False


def of_call(name: str, doc: str) -> property:
    """A property of the pipeline that reads and sets a value of its `Call`."""
    return property(
        lambda pipeline: getattr(pipeline._call, name),
        lambda pipeline, value: setattr(pipeline._call, name, value),
        doc=doc,
    )


def pass_on(*_: Any) -> None:
    """A callback that changes nothing."""


def called_back(
    pipeline: Any,
    call: Call,
    steps: Steps,
    inputs: Inputs,
    callback: StepCallback,
    names: Sequence[str],
) -> Iterator[Step]:
    """All steps, each with the latents that the callback put in place of its own, if any.

    names: of the tensors that the callback gets. It may set ``pipeline._interrupt``, which ends the
    steps, and ``pipeline._guidance_scale``.
    Raises ValueError for embeddings that do not fit the images.
    """
    timesteps = torch.as_tensor(inputs.schedule.timesteps)
    call.num_timesteps, call.interrupt = len(timesteps), False
    text, scale = inputs.text, call.guidance_scale
    step = next(steps, None)
    while step is not None:
        call.current_timestep = timesteps[step.index]
        tensors = {name: getattr(step, name) for name in OF_A_STEP}
        tensors["prompt_embeds"] = text.sequence
        given = {name: tensors[name] for name in names}
        told = callback(pipeline, step.index, call.current_timestep, given) or {}
        latents, embeds = told.get("latents"), told.get("prompt_embeds")
        if embeds is not None and embeds is not text.sequence:
            text = Text(_fitting(embeds, text), text.pooled)
        changed = call.guidance_scale if call.guidance_scale != scale else None
        scale = call.guidance_scale
        yield step if latents is None else replace(step, latents=latents)
        if call.interrupt:
            return
        try:
            step = steps.send(Changes(latents, text, changed))
        except StopIteration:
            return


def _fitting(embeds: Tensor, text: Text) -> Tensor:
    """One row for each image."""
    if embeds.shape != text.sequence.shape:
        raise ValueError(
            f"The callback gave prompt_embeds of shape {tuple(embeds.shape)}: they must keep the "
            f"shape {tuple(text.sequence.shape)} that it was given."
        )
    return embeds
