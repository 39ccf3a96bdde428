"""One transformer call for the images of several threads.

Threads that sample at the same time hand in their rows of a step, and the one that waited longest
runs the model for all that fit together. Every step joins anew (as language models are served:
iteration-level scheduling, Orca, OSDI 2022), so the images may be at different steps, have other
prompts and masks, and come and go.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Condition
from typing import Any

import torch
from torch import Tensor

from facemogle.transformer import FaceMoGLETransformer

Inputs = dict[str, Any]

SHARED = ("img_ids", "txt_ids", "return_dict")
"""Inputs without a row for each image."""
PATIENCE = 0.5
"""How long a call waits for other threads' rows, as a share of how long the last call took: between
two steps a thread mixes experts and decodes a preview."""


@dataclass(eq=False)
class _Call:
    kind: Hashable
    inputs: Inputs
    velocity: Tensor | None = None
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.velocity is not None or self.error is not None


class JoinedCalls:
    """Runs a transformer for threads that take part.

    most: members whose rows one call has. It is halved when memory does not suffice.
    """

    def __init__(self, transformer: FaceMoGLETransformer, most: int) -> None:
        self._transformer, self.most = transformer, most
        self._changed = Condition()
        self._members: Counter[Hashable] = Counter()
        self._waiting: list[_Call] = []
        self._is_running = False
        self._patience_s = 0.0

    @contextmanager
    def member(self, kind: Hashable) -> Iterator[Member]:
        """Take part, in this thread, with an image's steps.

        kind: members of one kind have the same shared inputs, and rows of the same shapes.
        """
        self._count(kind, 1)
        try:
            yield Member(self, kind)
        finally:
            self._count(kind, -1)

    def velocity(self, kind: Hashable, inputs: Inputs) -> Tensor:
        """Velocity (B, N, C) of a member's rows. Raises what the transformer raises."""
        call = _Call(kind, inputs)
        with self._changed:
            self._waiting.append(call)
            self._changed.notify_all()
            self._changed.wait_for(lambda: call.is_done or self._is_next(call))
            if not call.is_done:
                self._is_running = True
                self._changed.wait_for(lambda: self._all_are_here(kind), self._patience_s)
                calls = self._fitting(kind)
        if not call.is_done:
            try:
                self._run(calls)
            finally:
                with self._changed:
                    self._is_running = False
                    self._changed.notify_all()
        if call.error is not None:
            raise call.error
        assert call.velocity is not None
        return call.velocity

    def _count(self, kind: Hashable, change: int) -> None:
        with self._changed:
            self._members[kind] += change
            if not self._members[kind]:
                del self._members[kind]
            self._changed.notify_all()

    def _is_next(self, call: _Call) -> bool:
        return not self._is_running and self._waiting[0] is call

    def _all_are_here(self, kind: Hashable) -> bool:
        here = sum(call.kind == kind for call in self._waiting)
        return here >= min(self._members[kind], self.most)

    def _fitting(self, kind: Hashable) -> list[_Call]:
        calls = [call for call in self._waiting if call.kind == kind][: self.most]
        self._waiting = [call for call in self._waiting if call not in calls]
        return calls

    def _run(self, calls: Sequence[_Call]) -> None:
        started = time.monotonic()
        lacks_memory = False
        try:
            rows = [len(call.inputs["hidden_states"]) for call in calls]
            for call, velocity in zip(calls, self._joint(calls).split(rows), strict=True):
                call.velocity = velocity
        except torch.OutOfMemoryError as error:
            lacks_memory = len(calls) > 1
            self._fail(() if lacks_memory else calls, error)
        except BaseException as error:
            self._fail(calls, error)
        if lacks_memory:  # out here, where the failed call's tensors are gone
            half = self.most = len(calls) // 2
            self._run(calls[:half])
            self._run(calls[half:])
        self._patience_s = PATIENCE * (time.monotonic() - started)

    def _joint(self, calls: Sequence[_Call]) -> Tensor:
        first = calls[0].inputs
        joined = {
            name: value
            if name in SHARED or value is None
            else torch.cat([call.inputs[name] for call in calls])
            for name, value in first.items()
        }
        with self._transformer.cache_context("step"):
            return self._transformer(**joined)[0]

    @staticmethod
    def _fail(calls: Sequence[_Call], error: BaseException) -> None:
        for call in calls:
            call.error = error


class Member:
    """What `facemogle.runs.denoising.denoise` uses of a transformer."""

    def __init__(self, calls: JoinedCalls, kind: Hashable) -> None:
        self._calls, self._kind = calls, kind
        self.config = calls._transformer.config

    def cache_context(self, _name: str) -> AbstractContextManager[None]:
        """Nothing: the joined call has it."""
        return nullcontext()

    def __call__(self, **inputs: Any) -> tuple[Tensor]:
        return (self._calls.velocity(self._kind, inputs),)
