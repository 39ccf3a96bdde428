"""The interface between page and model: what crosses it, and what a visitor hears of failures."""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import subprocess
import sys
from base64 import b64encode
from collections.abc import Generator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from served import ROOT

from facemogle.commands.page_arguments import replicas
from facemogle.masks.label_map import index_png
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import Request
from facemogle.serving.engine import EngineError, IsWanted, LocalEngine, Unwanted
from facemogle.serving.facts import Facts
from facemogle.serving.reports import Report, Reports, Started, reports
from facemogle.serving.retry import LostReplica, done_again
from facemogle.ui.data_url import data_url
from facemogle.ui.desk import Desk
from facemogle.ui.packets import packets


@pytest.fixture(scope="module")
def small(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    return FaceMoGLEPipeline(
        **pipeline.components, default_size=64, default_steps=2, text_length=16
    )


def all_of(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, steps: int = 3, **options: Any
) -> list[Any]:
    request = Facts.of(pipeline).request(label_map, "a face", 0, steps, **options)
    return list(reports(pipeline, request))


def test_reports_are_small_plain_data(small, label_map) -> None:
    """A tensor that is a view would take all that it is a view of to the other process, at every
    step.
    """
    started, *made = all_of(small, label_map)
    assert pickle.loads(pickle.dumps(started)) == Started(3, 0.0)
    for report in made:
        sent = pickle.dumps(report)
        again = pickle.loads(sent)
        assert np.array_equal(again.image, report.image)
        assert np.array_equal(again.gate_weights, report.gate_weights)
        recorded = report.recorded
        assert (recorded is None) == (report.index < 2)
        numbers = 64 * 64 * 3 + 16 * 20 * 4
        if recorded is not None:
            numbers += 64 * 64 * 4 + recorded.latents.nbytes
        assert len(sent) < numbers + 2000


def test_without_previews_only_the_finished_image_is_decoded(small, label_map) -> None:
    _, *shown = all_of(small, label_map)
    _, *plain = all_of(small, label_map, has_previews=False)
    assert [report.image is None for report in plain] == [True, True, False]
    assert np.array_equal(plain[-1].image, shown[-1].image)


def test_closing_ends_the_sampling(small, label_map) -> None:
    """A stopped run that goes on would keep the next visitor waiting."""
    wanted = iter([True, True, False])
    engine = LocalEngine(small)
    request = engine.facts.request(label_map, "", seed=0, steps=90)
    made = engine.reports(request, lambda: next(wanted))
    assert isinstance(next(made), Started) and isinstance(next(made), Report)
    with pytest.raises(Unwanted):
        next(made)


def test_the_parser_runs_on_the_very_gpu_of_the_model(small, monkeypatch) -> None:
    """With --device cuda:1 it took the first GPU's memory."""
    second = property(lambda _: torch.device("cuda", 1))
    monkeypatch.setattr(FaceMoGLEPipeline, "_execution_device", second)
    engine = LocalEngine(small)
    assert engine.facts.device == "cuda" and engine._parsers.device == "cuda:1"


class FailingEngine(LocalEngine):
    """Does a step, then fails."""

    def __init__(self, pipeline: FaceMoGLEPipeline, error: Exception) -> None:
        super().__init__(pipeline)
        self.error = error

    def reports(self, request: Request, is_wanted: IsWanted) -> Reports:
        made = super().reports(request, is_wanted)
        yield next(made)
        yield next(made)
        raise self.error

    def record(self, image: Any, label_map: Any, seed: int) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "packet"),
    [
        (Unwanted(), {"kind": "stopped"}),
        (ValueError("Do it so."), {"kind": "error", "text": "Do it so.", "canRetry": False}),
        (
            EngineError("It was lost."),
            {"kind": "error", "text": "It was lost. Your drawing is kept.", "canRetry": True},
        ),
    ],
)
def test_a_visitor_hears_of_every_failure(small, label_map, error, packet) -> None:
    engine = FailingEngine(small, error)
    request = engine.facts.request(label_map, "", seed=0, steps=3)
    accepted: list[Any] = []
    told = list(packets(engine, request, lambda: True, accepted.append, lambda *_: b""))
    assert [one["kind"] for one in told[:2]] == ["start", "step"]
    assert told[2:] == [packet] and accepted == []


def test_a_failure_while_a_sent_image_is_read_is_heard_of_too(small, label_map) -> None:
    """It happens before the first packet: the page would wait for one."""
    engine = FailingEngine(small, EngineError("Lost."))
    image = BytesIO()
    Image.new("RGB", (64, 64)).save(image, "png")
    mask = b64encode(index_png(label_map)).decode()
    asked = {
        "number": 1, "mask": mask, "prompt": "", "seed": "0", "steps": "2", "strength": "1",
        "whole_face": False, "is_draft": False, "muted": [], "expert_strengths": [1.0] * 20,
        "base": {
            "number": -1, "image": data_url("png", image.getvalue()), "mask": mask,
            "prompt": "", "seed": "0",
        },
    }  # fmt: skip
    request: Any = SimpleNamespace(session_hash="anna")
    (packet,) = Desk(engine, "test").generate(asked, request)
    text = "Lost. Your drawing is kept."
    assert packet == {"kind": "error", "text": text, "canRetry": True, "number": 1}


class Attempts:
    """Each makes the numbers from 0 to 4, the first ones until they are lost."""

    def __init__(self, *lost_at: int) -> None:
        self.lost_at = list(lost_at)
        self.count = 0

    def __call__(self) -> Generator[int, None, None]:
        self.count += 1
        end = self.lost_at.pop(0) if self.lost_at else None
        for number in range(5):
            if number == end:
                raise LostReplica
            yield number


@pytest.mark.parametrize("lost_at", [0, 2, 4])
def test_a_lost_request_is_carried_out_again_and_nothing_comes_twice(lost_at) -> None:
    attempts = Attempts(lost_at)
    assert list(done_again(attempts)) == [0, 1, 2, 3, 4]
    assert attempts.count == 2


def test_a_request_that_is_lost_twice_is_given_up_aloud() -> None:
    """Else a job that kills its process would go on to kill all of them."""
    attempts = Attempts(3, 1)
    made = done_again(attempts)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(EngineError, match="Generate once more"):
        next(made)
    assert attempts.count == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0", "'0' is not a whole number from 1 to 1000"),
        ("3-1", "'3-1' has the larger number first"),
        ("two", "'two' is not a whole number"),
    ],
)
def test_wrong_numbers_of_replicas_are_named(given, said) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        replicas(given)


def test_replicas_are_a_number_or_a_range() -> None:
    assert replicas("2") == (2, 2)
    assert replicas("1-4") == (1, 4)


ARENAS_IN_USE = """
import ctypes, sys, threading
from facemogle.serving.arenas import share_freed_memory
if sys.argv[1] == "shared":
    share_freed_memory()
libc, together = ctypes.CDLL(None), threading.Barrier(8)
libc.fdopen.restype = ctypes.c_void_p
libc.malloc.restype = ctypes.c_void_p
def work():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_what_they_free() -> None:
    """A server with many threads grew with every image, as each kept what it had freed."""
    environment = {name: v for name, v in os.environ.items() if name != "MALLOC_ARENA_MAX"}

    def arenas(how: str) -> int:
        command = [sys.executable, "-c", ARENAS_IN_USE, how]
        output = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
        return output.count("<heap ")

    assert arenas("shared") == 2 < arenas("default")


FREED_BETWEEN = """
import psutil
from facemogle.serving.arenas import return_freed_memory
blocks = [bytearray(100_000) for _ in range(1000)]
kept = blocks[::10]
del blocks
memory = psutil.Process().memory_info
before = memory().rss
return_freed_memory()
print((before - memory().rss) / 1e6)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="its allocator keeps what is freed")
def test_the_system_gets_back_what_was_freed_between_what_is_in_use() -> None:
    """A server's memory grew by an eighth in half an hour, and nothing was in the new part."""
    command = [sys.executable, "-c", FREED_BETWEEN]
    assert float(subprocess.check_output(command, cwd=ROOT, text=True)) > 70  # of 90 MB


def test_replicas_without_ray_say_what_to_install() -> None:
    blocked = "import sys; sys.modules['ray'] = None; sys.argv = ['app.py', '--replicas', '2'];"
    run = f"{blocked} import runpy; runpy.run_path('app.py', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("pip install -r requirements-serving.txt")
