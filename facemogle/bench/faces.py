"""Measure what each part of a rendered face costs: processor time, whatever thread spends it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from facemogle.bench.report import rows, summary
from facemogle.render.dataset import FOLDERS, write_face
from facemogle.render.face import Face, sample_face
from facemogle.render.rendering import Rendering

FACES = 32
"""Of seed 0; every round renders the same ones."""
WHOLE = "whole face"

Done = Callable[[str], None]


def measure(
    render: Callable[[Face, Done], Rendering], finish: Callable[[], object], rounds: int
) -> dict[str, list[float]]:
    """Processor seconds a face, for each part the mean of every round, after one of warming up.

    render: draws a face and tells which part is done. finish: waits until all drawing is done.
    """
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in FOLDERS:
            (folder / kind).mkdir()
        for number in tqdm(range(rounds + 1), unit="round"):
            spent = _round(render, finish, folder)
            if number > 0:
                for part, time_spent in spent.items():
                    seconds.setdefault(part, []).append(time_spent / FACES)
    return seconds


def report(seconds: dict[str, list[float]], renderer: str, size: int) -> dict[str, Any]:
    """What ``measure`` found. renderer: of OpenGL. size: of the images, pixels."""
    found = summary(seconds)
    return {
        "renderer": renderer,
        "size": size,
        "faces": FACES,
        "repeats": len(seconds[WHOLE]),
        "seconds": found,
        "faces per second and core": 1 / found[WHOLE]["median"],
    }


def table(found: dict[str, Any]) -> str:
    """A report as text."""
    size, rate = found["size"], found["faces per second and core"]
    return "\n".join(
        [
            f"{found['faces']} faces, {size}x{size}, 9 samples a pixel, {found['repeats']} repeats",
            found["renderer"],
            "",
            *rows(found["seconds"], "milliseconds of processor time a face"),
            "",
            f"{'faces per second and core':<54}{rate:9.2f}",
        ]
    )


def _round(
    render: Callable[[Face, Done], Rendering], finish: Callable[[], object], folder: Path
) -> dict[str, float]:
    """Processor seconds of all faces, by part."""
    spent: dict[str, float] = {}
    last = start = time.process_time()

    def done(part: str) -> None:
        nonlocal last
        finish()
        now = time.process_time()
        spent[part] = spent.get(part, 0.0) + now - last
        last = now

    for number in range(FACES):
        face = sample_face(0, number)
        done("attributes")
        image = render(face, done)
        write_face(folder, face, image)
        done("captions and files")
    spent[WHOLE] = last - start
    return spent
