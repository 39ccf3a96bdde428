"""Training on several processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_faces import CAPTIONS
from processes import run_in

from facemogle.training.text import build_tokenizers

SCRIPT = Path(__file__).with_name("distributed_run.py")


def losses(faces: Path, tokenizers: Path, out: Path, processes: int, batch: int) -> list[float]:
    """Of each step."""
    run_in(processes, *map(str, (SCRIPT, faces, tokenizers, out, batch)))
    rows = (out / "flow_run" / "log.jsonl").read_text().splitlines()
    return [json.loads(row)["loss"] for row in rows]


def test_two_processes_train_as_one_with_twice_the_batch(faces: Path, tmp_path: Path) -> None:
    """Each must take its part of a batch, with noise that does not depend on who draws it, and
    gradients must be averaged, also in steps that leave parts of the model alone.
    """
    clip, t5 = build_tokenizers(CAPTIONS, 16)
    clip.save_pretrained(tmp_path / "clip")
    t5.save_pretrained(tmp_path / "t5")
    one = losses(faces, tmp_path, tmp_path / "one", processes=1, batch=4)
    two = losses(faces, tmp_path, tmp_path / "two", processes=2, batch=2)
    assert len(one) == 3 and len(set(one)) == 3
    assert two == pytest.approx(one, rel=1e-4)
