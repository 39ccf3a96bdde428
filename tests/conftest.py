"""What several tests share: the tiny random model, a label map, a visitor of the page."""

from __future__ import annotations

import gc
import json
import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest_plugins = ["no_skips"]

if "PYTEST_XDIST_WORKER" in os.environ:
    import torch

    torch.set_num_threads(1)  # two processes of two threads slow one another fivefold on two cores

gc.disable()  # until all is imported, which leaves many objects and little garbage

SLOWEST = (
    "ray", "page", "tools", "truth", "desk", "live", "layers", "distributed", "generate_folder",
    "ending", "photos", "checkpoints", "files_page", "gate_view", "gate_modes", "hosting",
    "first_visit", "training", "proxy", "decoder_training", "timed_training", "mini", "client",
    "render", "mcp", "zero_gpu", "pipeline",
)  # fmt: skip
"""Files of tests, about by the time that they take, so that no long one comes last and alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, the others as they were; in a file those that share a visit last, as
    an open page draws frames whoever looks.
    """
    places = {f"test_{name}.py": place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: (places.get(item.path.name, len(places)), is_shared(item)))


def is_shared(item: pytest.Item) -> bool:
    """Whether the test's `page` is the file's `visit`, and not a first view."""
    kind = item.get_closest_marker("visit")
    return kind is not None and kind.args == ("shared",)


def pytest_collection_finish() -> None:
    """What is imported stays, so nobody needs to look through it again."""
    gc.freeze()
    gc.enable()


# Gradio, Playwright and the model's libraries take seconds, and the process that only hands out
# tests would spend them before any other starts.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright
    from studio import StudioUnderTest

    from facemogle.pipeline import FaceMoGLEPipeline


def load_tiny_pipeline() -> FaceMoGLEPipeline:
    from reference_arrays import FIXTURES

    from facemogle.weights.loading import load_pipeline

    pipeline = load_pipeline(
        FIXTURES / "tiny_flux", face_mogle=FIXTURES / "tiny_face_mogle", device="cpu"
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="session")
def pipeline() -> FaceMoGLEPipeline:
    """Random weights, shared by all tests: leave it as it is."""
    return load_tiny_pipeline()


@pytest.fixture
def own_pipeline() -> FaceMoGLEPipeline:
    """The same, for a test that changes it."""
    return load_tiny_pipeline()


@pytest.fixture(scope="session")
def label_map() -> np.ndarray:
    """uint8 (64, 64): skin with two eyes and hair, on background."""
    labels = np.zeros((64, 64), np.uint8)
    labels[4:60, 8:56] = 13
    labels[12:60, 14:50] = 1
    labels[24:30, 18:28] = 5
    labels[24:30, 36:46] = 4
    return labels


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training data in one folder: leave it as it is."""
    from made_up_faces import write_faces

    return write_faces(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="module")
def small_shape() -> Iterator[None]:
    """What the embedded recipe trains from scratch is narrow and shallow."""
    from facemogle.training import embedded

    shape = partial(
        embedded.ModelRecipe, width=64, head_dim=32, double_blocks=1, single_blocks=1, text_width=32
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "ModelRecipe", shape)
        yield


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The lines that the log gets from now on."""
    from facemogle.serving.log import log

    handler = _Lines()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler.lines
    log.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        from facemogle.serving.log import format_line

        self.lines.append(json.loads(format_line(record)))


@pytest.fixture(scope="session")
def studio(pipeline: FaceMoGLEPipeline) -> Iterator[StudioUnderTest]:
    """The page with the tiny model, for small images of two steps."""
    from studio import serve_studio, short

    yield from serve_studio(short(pipeline, steps=2))


@pytest.fixture
def steps(studio: StudioUnderTest) -> Iterator[Callable[[Callable[[int], object]], None]]:
    """Lets something happen at each step of the runs to come: act(index)."""
    from steps import watched

    real = studio.pipeline.steps

    def before_each(act: Callable[[int], object]) -> None:
        studio.pipeline.steps = watched(real, lambda _, index: act(index))

    yield before_each
    studio.pipeline.steps = real


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """As long as it is there an event loop runs in this thread: `asyncio.run` needs another one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Browser:
    from visitor import LAUNCH

    return playwright.chromium.launch(**LAUNCH)


@pytest.fixture(scope="module")
def screen() -> dict[str, Any]:
    """What is special about the screen of a file's visitors."""
    return {}


@pytest.fixture(scope="session")
def profiles(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[dict[str, Any]], BrowserContext]]:
    """For each kind of screen a browser that remembers the scripts that it has compiled."""
    from visitor import LAUNCH, SCREEN

    opened: dict[str, BrowserContext] = {}

    def profile(screen: dict[str, Any]) -> BrowserContext:
        kind = json.dumps(screen)
        if kind not in opened:
            start = playwright.chromium.launch_persistent_context
            folder = tmp_path_factory.mktemp("profile")
            opened[kind] = start(folder, **LAUNCH, **{**SCREEN, **screen})
        return opened[kind]

    yield profile
    for context in opened.values():
        context.close()


@pytest.fixture(scope="module")
def profile(
    profiles: Callable[[dict[str, Any]], BrowserContext], screen: dict[str, Any]
) -> BrowserContext:
    return profiles(screen)


@pytest.fixture(scope="module")
def visit(browser: Browser, studio: StudioUnderTest, screen: dict[str, Any]) -> Iterator[Page]:
    """One page for the tests of a file that need none of their own; it must stay free of errors and
    of requests to other servers.
    """
    from visitor import visiting

    with visiting(browser, studio, **screen) as page:
        yield page


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Page:
    """A visitor's first view; it must stay free of errors and of requests to other servers.

    Of a test or file marked `visit("shared")` it is the file's `visit`, which takes a third of the
    time, with the first template on the canvas and nothing else in hand, set or in view.
    """
    from visitor import clear

    if not is_shared(request.node):
        return request.getfixturevalue("first_view")
    visit = request.getfixturevalue("visit")
    clear(visit)
    return visit


@pytest.fixture
def first_view(profile: BrowserContext, studio: StudioUnderTest) -> Iterator[Page]:
    from visitor import visiting_anew

    with visiting_anew(profile, studio) as page:
        yield page
