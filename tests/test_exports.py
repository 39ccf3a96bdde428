"""What the gating view saves is what the run had, whatever the browser sends."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facemogle.gate.trace import Trace
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.ui.exports import export_gate

STEPS, ROWS, COLUMNS, SIDE = 2, 2, 3, 16


@pytest.fixture
def levels() -> np.ndarray:
    return np.random.default_rng(0).integers(
        0, 65536, (STEPS, ROWS * COLUMNS, NUM_EXPERTS), np.uint16
    )


@pytest.fixture
def sent(levels: np.ndarray) -> dict[str, Any]:
    """As the page sends it."""
    image = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), "red").save(image, "PNG")
    return {
        "kind": "trace",
        "grid": [ROWS, COLUMNS],
        "times": [1.0, 0.5],
        "gate": [b64encode(step.astype("<u2").tobytes()).decode() for step in levels],
        "images": [f"data:image/png;base64,{b64encode(image.getvalue()).decode()}"] * STEPS,
        "labels": b64encode(np.full(SIDE * SIDE, 13, np.uint8).tobytes()).decode(),
        "expert": NUM_EXPERTS,
        "scale": "relative",
    }


def test_trace_keeps_every_level(sent: dict[str, Any], levels: np.ndarray, tmp_path: Path) -> None:
    """Weights of steps, places and experts in another order still sum to the same."""
    path = tmp_path / "gate.npz"
    path.write_bytes(b64decode(export_gate(sent)["content"]))
    trace = Trace.load(path)
    assert trace.grid == (ROWS, COLUMNS)
    assert trace.times.tolist() == [1.0, 0.5]
    assert trace.gate_weights.dtype == np.float32
    assert (np.rint(trace.gate_weights * 65535) == levels).all()


@pytest.mark.parametrize(("kind", "format"), [("sheet", "PNG"), ("gif", "GIF")])
def test_images_are_of_the_kind_that_their_name_says(
    sent: dict[str, Any], kind: str, format: str
) -> None:
    """A file that its name lies about is refused by other programs."""
    answer = export_gate({**sent, "kind": kind})
    assert answer["name"].endswith(format.lower())
    assert Image.open(io.BytesIO(b64decode(answer["content"]))).format == format


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "secrets"},
        {"grid": [5, 5]},
        {"times": [1.0]},
        {"gate": ["AAA="]},
        {"gate": []},
        {"kind": "gif", "expert": 21},
        {"kind": "gif", "images": []},
        {"kind": "gif", "images": ["http://elsewhere/face.png", "file:///etc/passwd"]},
        {"kind": "sheet", "labels": b64encode(bytes([99] * 256)).decode()},
        {"kind": "sheet", "labels": "AAAA"},
        {"kind": "sheet", "images": []},
    ],
)
def test_anything_else_is_explained(sent: dict[str, Any], wrong: dict[str, Any]) -> None:
    """Any program can call this: an exception would be a traceback in the server's log only."""
    answer = export_gate({**sent, **wrong})
    assert answer.keys() == {"error"}
    assert "Generate again" in answer["error"]


def test_an_image_that_would_fill_memory_is_not_opened(sent: dict[str, Any]) -> None:
    """A PNG of a few bytes can unpack to gigabytes."""
    content = io.BytesIO()
    Image.new("1", (4096, 8)).save(content, "PNG")
    large = f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
    answer = export_gate({**sent, "kind": "gif", "images": [large, large]})
    assert "4096x8" in answer["error"]
