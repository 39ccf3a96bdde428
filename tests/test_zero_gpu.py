"""On ZeroGPU a GPU is borrowed for the sampling, for so long as the steps take, and for no more."""

from __future__ import annotations

import importlib
import inspect
import os
import pickle
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from served import ROOT

import app
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import Change
from facemogle.serving.engine import EngineError, LocalEngine, Unwanted


class MadeUpSpaces:
    """Lends a GPU as `spaces` does: what goes in and comes out is pickled, and of exceptions that
    are not Gradio's, only the name comes back.

    asked: seconds of every loan. open: how many loans there are.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.open = 0
        self.refusal: gr.Error | None = None

    def GPU(self, duration: Any) -> Callable[[Any], Any]:
        def decorate(task: Any) -> Any:
            def lend(*arguments: Any) -> tuple[Any, ...]:
                self.asked.append(duration(*arguments) if callable(duration) else duration)
                if self.refusal:
                    raise self.refusal
                return pickle.loads(pickle.dumps(arguments))

            def stream(*arguments: Any) -> Iterator[Any]:
                arguments = lend(*arguments)
                self.open += 1
                try:
                    for item in task(*arguments):
                        yield pickle.loads(pickle.dumps(item))
                except Exception as error:
                    raise gr.Error(type(error).__name__) from None
                finally:
                    self.open -= 1

            def call(*arguments: Any) -> Any:
                return pickle.loads(pickle.dumps(task(*lend(*arguments))))

            return stream if inspect.isgeneratorfunction(task) else call

        return decorate


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> MadeUpSpaces:
    made_up = MadeUpSpaces()
    monkeypatch.setitem(sys.modules, "spaces", made_up)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, "facemogle.serving.zero_gpu", raising=False)
    return made_up


@pytest.fixture
def small(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    return FaceMoGLEPipeline(
        **pipeline.components, default_size=64, default_steps=2, text_length=16
    )


@pytest.fixture
def engine(spaces: MadeUpSpaces, small: FaceMoGLEPipeline) -> Any:
    from facemogle.serving.zero_gpu import ZeroGPUEngine

    return ZeroGPUEngine(small)


def always() -> bool:
    return True


def test_steps_decide_how_long_a_gpu_is_asked_for(engine, spaces, small, label_map) -> None:
    assert spaces.asked == []  # to open the page takes none
    for steps in (2, 4):
        *_, last = engine.reports(
            engine.facts.request(label_map, "a face", seed=0, steps=steps), always
        )
    few, more = spaces.asked
    assert more - few == 2 and few > 2
    local: Any = LocalEngine(small)
    *_, expected = local.reports(local.facts.request(label_map, "a face", 0, 4), always)
    assert np.array_equal(last.image, expected.image)
    assert spaces.open == 0


def test_an_image_from_outside_is_read_on_a_gpu_too(engine, spaces, label_map) -> None:
    """The VAE's weights are on no other device."""
    recorded = engine.record(Image.new("RGB", (64, 64), "tan"), label_map, 0)
    assert len(spaces.asked) == 1
    edited = label_map.copy()
    edited[4:12, 12:24] = 14
    started, *made = engine.reports(
        engine.facts.request(edited, "", seed=0, steps=2, change=Change(recorded)), always
    )
    assert started.kept > 0.5 and len(made) == 2


def test_stop_gives_the_gpu_back_at_the_next_step(engine, spaces, label_map) -> None:
    wanted = iter([True, True, True, False])
    made = engine.reports(
        engine.facts.request(label_map, "", seed=0, steps=90), lambda: next(wanted)
    )
    next(made)
    next(made)
    assert spaces.open == 1
    with pytest.raises(Unwanted):
        next(made)
    assert spaces.open == 0


def test_a_request_that_was_stopped_in_the_line_borrows_nothing(engine, spaces, label_map) -> None:
    with pytest.raises(Unwanted):
        next(engine.reports(engine.facts.request(label_map, "", seed=0, steps=1), lambda: False))
    assert spaces.asked == []


def test_messages_come_through(engine, spaces, label_map) -> None:
    """`spaces` keeps only the name of a ValueError, which would tell a visitor nothing."""
    recorded = engine.record(Image.new("RGB", (64, 64)), label_map, 0)
    with pytest.raises(ValueError, match="The mask has not changed"):
        list(
            engine.reports(
                engine.facts.request(label_map, "", seed=0, steps=1, change=Change(recorded)),
                always,
            )
        )
    spaces.refusal = gr.Error("You have exceeded your GPU quota")
    for borrow in (
        lambda: list(engine.reports(engine.facts.request(label_map, "", seed=0, steps=1), always)),
        lambda: engine.record(Image.new("RGB", (64, 64)), label_map, 0),
    ):
        with pytest.raises(EngineError, match="exceeded your GPU quota"):
            borrow()


@pytest.mark.parametrize(
    ("variable", "kind"), [("true", "ZeroGPUEngine"), ("", "LocalEngine"), ("false", "LocalEngine")]
)
def test_the_hardware_decides_the_engine(spaces, small, monkeypatch, variable, kind) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", variable)
    importlib.reload(app)
    monkeypatch.setattr(app, "load_chosen", lambda arguments: small)
    engine = app.make_engine(Namespace(replicas=None))
    assert type(engine).__name__ == kind
    monkeypatch.delenv("SPACES_ZERO_GPU")
    importlib.reload(app)


@pytest.mark.parametrize(("variable", "is_imported"), [("1", True), ("", False)])
def test_spaces_is_imported_before_torch_and_only_on_zero_gpu(
    tmp_path, variable, is_imported
) -> None:
    """Later, `spaces` refuses to start; elsewhere it may not be there."""
    (tmp_path / "spaces.py").write_text("import sys\nprint('torch' in sys.modules)\n")
    result = subprocess.run(
        [sys.executable, "app.py", "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SPACES_ZERO_GPU": variable},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0
    assert result.stdout.startswith("False\n") == is_imported
