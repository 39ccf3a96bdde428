"""A request -> its image, step by step, in plain data that may cross to another process.

Shapes: H = W = the image's side in pixels, N image tokens, 20 experts.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facemogle.runs.recorded import Recorded
from facemogle.runs.request import Request

if TYPE_CHECKING:
    from facemogle.pipeline import FaceMoGLEPipeline


@dataclass(frozen=True)
class Started:
    """What is known before the first step.

    num_steps: that will be made. kept: share of the pixels that stay those of the image before.
    """

    num_steps: int
    kept: float


@dataclass(frozen=True, eq=False)
class Report:
    """What one step has led to.

    index: 0 .. num_steps - 1. t: in [0, 1], 1 = noise; where the step started from.
    image: uint8 (H, W, 3), predicted, and of the last step the finished one; None without
        previews.
    gate_weights: float32 (N, 20) in [0, 1]; those of a token sum to 1.
    recorded: what later edits start from, of the last step; None for a draft.
    """

    index: int
    t: float
    image: np.ndarray | None
    gate_weights: np.ndarray
    recorded: Recorded | None


Reports = Generator[Started | Report, None, None]
"""One Started, then a Report for each step. Closing it cancels the rest."""


def reports(pipeline: FaceMoGLEPipeline, request: Request) -> Reports:
    """Carry out a request for one image of a mask. Raises ValueError, with the first report."""
    run = pipeline.run(request)
    yield Started(run.num_steps, run.kept)
    done = []
    with closing(run.steps()) as steps:
        for step in steps:
            done.append(step)
            is_last = len(done) == run.num_steps
            image = recorded = None
            if is_last or request.has_previews:
                made = run.image(step.latents) if is_last else run.preview(step.clean_latents)
                image = np.asarray(made)
                if is_last and not request.is_draft:
                    recorded = run.recorded(done, image)
            assert step.gate_weights is not None, "the request has a mask"
            weights = step.gate_weights[0].float().cpu().numpy()
            yield Report(step.index, step.t, image, weights, recorded)
