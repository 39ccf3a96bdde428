"""Training on several processes."""

from __future__ import annotations

import json
from pathlib import Path

import distributed_run
import pytest
from made_up_faces import CAPTIONS
from processes import run_in

from facemogle.training import run
from facemogle.training.text import build_tokenizers


def losses(out: Path) -> list[float]:
    """Of each step."""
    rows = (out / "flow_run" / "log.jsonl").read_text().splitlines()
    return [json.loads(row)["loss"] for row in rows]


def test_two_processes_train_as_one_with_twice_the_batch(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each must take its part of a batch, with noise that does not depend on who draws it, and
    gradients must be averaged, also in steps that leave parts of the model alone.
    """
    clip, t5 = build_tokenizers(CAPTIONS, 16)
    clip.save_pretrained(tmp_path / "clip")
    t5.save_pretrained(tmp_path / "t5")
    monkeypatch.setattr(run, "REPORT_EVERY", run.REPORT_EVERY)  # the script changes it
    distributed_run.train(faces, tmp_path, tmp_path / "one", 4)
    run_in(2, *map(str, (distributed_run.__file__, faces, tmp_path, tmp_path / "two", 2)))
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 3 and len(set(one)) == 3
    assert two == pytest.approx(one, rel=1e-4)
