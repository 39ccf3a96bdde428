"""Images of several threads in one call of the transformer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from facemogle.joined import JoinedCalls
from facemogle.pipeline import FaceMoGLEPipeline

STEPS, SIDES = 4, {"height": 64, "width": 64}


class Together:
    """Threads that all sample before one of them goes on."""

    def __init__(self, pipeline: FaceMoGLEPipeline, count: int) -> None:
        self.pipeline, self.barrier = pipeline, threading.Barrier(count)

    def run(self, label_map: np.ndarray, prompt: str, steps: int, **options) -> torch.Tensor:
        generator = torch.Generator().manual_seed(len(prompt))
        stream = self.pipeline.stream(
            prompt, label_map, steps, generator=generator, **options, **SIDES
        )
        next(stream)
        self.barrier.wait(30)  # from now on they all take part
        *_, last = stream
        return last.latents


@pytest.fixture
def joined(own_pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    own_pipeline.enable_joined_steps(4)
    return own_pipeline


@pytest.fixture
def rows(joined: FaceMoGLEPipeline) -> Iterator[list[int]]:
    """Rows of every call of the transformer."""
    seen: list[int] = []
    hook = joined.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    yield seen
    hook.remove()


def test_images_of_several_threads_are_those_made_alone(
    joined: FaceMoGLEPipeline, rows: list[int], label_map: np.ndarray
) -> None:
    """Rows given back to the wrong thread would mix up visitors; other steps, prompts, masks and an
    edit's tokens are no reason.
    """
    joined._joined._patience_s = 30  # however slow the machine is: they all come
    orders = [
        (label_map, "a woman", STEPS, {}),
        (label_map.T.copy(), "an old man", STEPS, {}),
        (label_map, "a man with a beard", STEPS - 1, {}),  # leaves early
        (label_map, "a hat", STEPS, {"sampled_tokens": [1, 2, 5, 6]}),  # of another shape
    ]
    threads = Together(joined, len(orders))
    with ThreadPoolExecutor(len(orders)) as pool:
        waiting = [pool.submit(threads.run, *order, **options) for *order, options in orders]
        together = [result.result(60) for result in waiting]
    assert max(rows) == 3 and sum(rows) == 4 * STEPS - 1
    alone = Together(joined, 1)
    for (*order, options), latents in zip(orders, together, strict=True):
        torch.testing.assert_close(latents, alone.run(*order, **options), rtol=0, atol=1e-4)


def test_one_who_stops_keeps_nobody_waiting(
    joined: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """Otherwise every step of the others would wait for rows that never come."""
    stopped = joined.stream("a man", label_map, STEPS, **SIDES)
    next(stopped)
    assert sum(joined._joined._members.values()) == 1
    stopped.close()
    assert not joined._joined._members
    joined._joined._patience_s = 1000
    *_, last = joined.stream("a woman", label_map, 1, **SIDES)
    assert last.index == 0


class Small:
    """A transformer with memory for some rows only. Its velocity is twice what it sees."""

    def __init__(self, most: int) -> None:
        self.most, self.rows, self.config = most, [], {}

    def cache_context(self, name: str) -> threading.Lock:
        return threading.Lock()

    def __call__(self, hidden_states: torch.Tensor, **_) -> tuple[torch.Tensor]:
        self.rows.append(len(hidden_states))
        if len(hidden_states) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        return (2 * hidden_states,)


def call_together(calls: JoinedCalls, count: int) -> list:
    """Results, or errors, of threads with a row each: their number."""
    calls._patience_s = 30
    ready = threading.Barrier(count)

    def one(number: int):
        with calls.member("kind") as model:
            ready.wait(30)
            try:
                return model(hidden_states=torch.full((1, 2), float(number)))[0][0, 0].item()
            except torch.OutOfMemoryError as error:
                return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_as_many_run_together_as_memory_allows() -> None:
    """A full GPU would otherwise fail every visitor's image."""
    model = Small(most=2)
    calls = JoinedCalls(model, most=4)
    assert call_together(calls, 4) == [0, 2, 4, 6]
    assert model.rows == [4, 2, 2]
    assert call_together(calls, 4) == [0, 2, 4, 6]
    assert max(model.rows[3:]) == 2, "what did not fit is not tried again"


def test_what_fails_fails_in_every_thread() -> None:
    """A thread that is forgotten would wait forever."""
    results = call_together(JoinedCalls(Small(most=0), most=4), 3)
    assert [type(result) for result in results] == [torch.OutOfMemoryError] * 3
