"""Training on several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_faces import CAPTIONS

from facemogle.training.text import build_tokenizers

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("distributed_run.py")


def losses(faces: Path, tokenizers: Path, out: Path, processes: int, batch: int) -> list[float]:
    """Of each step, with so many processes on the CPU (gloo)."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes)]
    launch += ["--multi_gpu"] if processes > 1 else []  # accelerate's word for several processes
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch += ["--main_process_port", "0", "--num_cpu_threads_per_process", "1"]
    command = [*launch, *map(str, (SCRIPT, faces, tokenizers, out, batch))]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
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
