"""`callback_on_step_end`, diffusers' way to look at every step and to change its latents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from facemogle.runs.denoising import Step, Steps

StepCallback = Callable[[Any, int, float, dict[str, Any]], dict[str, Any] | None]
"""(pipeline, index, t, tensors) -> tensors to go on with; only "latents" has an effect."""


def called_back(
    pipeline: Any, steps: Steps, callback: StepCallback | None, inputs: Sequence[str]
) -> Iterator[Step]:
    """All steps, each with the latents that the callback put in place of its own, if any.

    inputs: names of the step's tensors that the callback gets.
    """
    step = next(steps, None)
    while step is not None:
        latents = None
        if callback is not None:
            tensors = {name: getattr(step, name) for name in inputs}
            latents = (callback(pipeline, step.index, step.t, tensors) or {}).get("latents")
        yield step if latents is None else replace(step, latents=latents)
        try:
            step = steps.send(latents)
        except StopIteration:
            return
