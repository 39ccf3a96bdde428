"""Two replicas of the tiny model: visitors side by side, Stop, and a process that is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served import ROOT, TEMPLATES
from slow_model import held, load_slow_model, steps_of
from waiting import until

from facemogle.masks.reading import read_mask
from facemogle.runs.request import Change
from facemogle.serving.engine import Engine, LocalEngine, Unwanted
from facemogle.serving.reports import Started

pytest.importorskip("ray", reason="Ray is not installed (requirements-serving.txt)")

MASK = read_mask(TEMPLATES / "long_hair.png").label_map
SLOW = 0.5  # seconds a step, at least


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    from facemogle.serving.ray_engine import RayEngine

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}")
        engine = RayEngine(partial(load_slow_model, folder, SLOW), MASK, (2, 2), needs_gpu=False)
        yield engine
        engine.close()


def always() -> bool:
    return True


def make(engine: Engine, name: str, steps: int, is_wanted: Callable[[], bool] = always) -> Any:
    """The Started and all reports of an image with this prompt, whose seed is its own too."""
    request = engine.facts.request(MASK, name, seed=ord(name[0]), steps=steps)
    return list(engine.reports(request, is_wanted))


def test_two_visitors_are_served_at_once_and_a_third_may_give_up_waiting(engine, folder) -> None:
    patience = iter(range(10))
    with ThreadPoolExecutor() as pool, held(folder, "anna", "ben"):
        anna, ben = (pool.submit(make, engine, name, 3) for name in ("anna", "ben"))
        until(lambda: steps_of(folder, "anna") and steps_of(folder, "ben"))
        with pytest.raises(Unwanted):
            make(engine, "cleo", 3, lambda: next(patience, None) is not None)
    first, second = (steps_of(folder, name) for name in ("anna", "ben"))
    assert len({step.process for step in first}) == len({step.process for step in second}) == 1
    assert first[0].process != second[0].process
    assert not steps_of(folder, "cleo")

    started, *made = anna.result()
    assert started == Started(3, 0.0) and [report.index for report in made] == [0, 1, 2]
    assert not np.array_equal(made[-1].image, ben.result()[-1].image)
    local = LocalEngine(load_slow_model(folder, 0))
    *_, expected = make(local, "anna", 3)
    difference = np.abs(made[-1].image.astype(int) - expected.image)
    assert difference.max() <= 2  # other numbers of threads may round otherwise
    assert made[-1].recorded.latents.shape == expected.recorded.latents.shape


def test_stop_ends_the_job_on_its_replica(engine, folder) -> None:
    """A replica that went on would keep the next visitor waiting for an image nobody sees."""
    with pytest.raises(Unwanted):
        make(engine, "dora", 60, lambda: len(steps_of(folder, "dora")) < 2)
    make(engine, "emil", 2)
    done = len(steps_of(folder, "dora"))
    assert done <= 10  # on a busy machine some begin before the word comes
    make(engine, "finn", 2)
    assert len(steps_of(folder, "dora")) == done


def test_a_killed_replicas_job_is_done_again_and_no_other_is_disturbed(engine, folder) -> None:
    with ThreadPoolExecutor() as pool, held(folder, "gina", "hans"):
        gina, hans = (pool.submit(make, engine, name, 5) for name in ("gina", "hans"))
        until(lambda: steps_of(folder, "gina") and steps_of(folder, "hans"))
        killed = steps_of(folder, "gina")[0].process
        os.kill(killed, signal.SIGKILL)
    for job in (gina, hans):
        started, *made = job.result()
        assert started.num_steps == 5 and [report.index for report in made] == list(range(5))
    processes = {step.process for step in steps_of(folder, "gina")}
    assert killed in processes and len(processes) == 2
    assert len(steps_of(folder, "hans")) == 5 and len({s[0] for s in steps_of(folder, "hans")}) == 1


def test_what_a_visitor_can_mend_is_said_in_the_same_words(engine) -> None:
    """Ray wraps a replica's exceptions into its own, with a traceback as message."""
    recorded = engine.record(Image.new("RGB", (300, 300), "tan"), MASK, 0)
    assert (
        recorded.image.shape == (engine.facts.side, engine.facts.side, 3)
        and len(recorded.latents) == 2
    )
    with pytest.raises(ValueError, match=r"^The mask has not changed"):
        list(
            engine.reports(
                engine.facts.request(MASK, "ida", seed=1, steps=1, change=Change(recorded)), always
            )
        )
