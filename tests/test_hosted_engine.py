"""An engine as a server has it: it may still be loading, is counted and logged, and can end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Any, cast

import pytest
from studio import short

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.serving.engine import EngineError, LocalEngine, Unwanted
from facemogle.serving.hosted import HostedEngine


def test_prompts_are_logged_where_they_are_asked_for(
    pipeline: FaceMoGLEPipeline, label_map, lines: list[dict[str, Any]]
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 1)), logs_prompts=True)
    request = engine.facts.request(label_map, "a wish", seed=0, steps=1)
    assert len(list(engine.reports(request, lambda: True))) == 2
    assert lines[0]["prompt"] == "a wish"


def test_what_is_not_finished_is_counted_as_stopped(
    pipeline: FaceMoGLEPipeline, label_map, lines: list[dict[str, Any]]
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 2)))
    request = engine.facts.request(label_map, "", seed=0, steps=2)
    with closing(engine.reports(request, lambda: True)) as reports:
        next(reports)
        next(reports)
    with pytest.raises(Unwanted):
        list(engine.reports(request, lambda: False))
    assert [(line["outcome"], line["steps"]) for line in lines] == [("stopped", 1), ("stopped", 0)]


def test_who_comes_while_the_model_is_loaded_waits_for_it(
    pipeline: FaceMoGLEPipeline, label_map
) -> None:
    """The page is up before its model, and who leaves meanwhile is not waited for."""
    made, may_load = LocalEngine(short(pipeline, 1)), Event()
    engine = HostedEngine(made.facts, made.concurrency)

    def load() -> LocalEngine:
        assert may_load.wait(60)
        return made

    engine.start(load)
    request = engine.facts.request(label_map, "", seed=0, steps=1)
    with ThreadPoolExecutor() as pool:
        with pytest.raises(Unwanted):
            list(engine.reports(request, lambda: False))
        waiting = pool.submit(lambda: list(engine.reports(request, lambda: True)))
        assert engine.state == "loading" and not waiting.done()
        may_load.set()
        assert len(waiting.result(60)) == 2
    assert engine.state == "ready"


def test_a_model_that_cannot_be_loaded_is_told() -> None:
    def load() -> LocalEngine:
        raise ValueError("no such model")

    engine = HostedEngine(cast(Any, None), 1)
    engine.start(load)
    with pytest.raises(ValueError, match="no such model"):
        engine.wait()


def test_the_end_waits_for_the_step_and_tells_the_visitor(
    pipeline: FaceMoGLEPipeline, label_map
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 100)))
    request = engine.facts.request(label_map, "", seed=0, steps=100)
    reports = engine.reports(request, lambda: True)
    next(reports)
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(engine.end, 60)
        while engine.state != "stopping":
            pass
        assert not ending.done()
        with pytest.raises(EngineError, match="being stopped or restarted"):
            list(reports)
        ending.result(60)
    with pytest.raises(EngineError, match="being stopped"):
        next(engine.reports(request, lambda: True))
