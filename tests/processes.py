"""Programs in several processes, as accelerate starts them, on the CPU (gloo)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

LAUNCH = (
    "-m accelerate.commands.launch --multi_gpu "  # accelerate's word for several processes
    "--num_machines 1 --mixed_precision no --dynamo_backend no "
    "--main_process_port 0 --num_cpu_threads_per_process 1"
)


def run_in(processes: int, *program: str) -> str:
    """Run a program, as arguments of Python, to its end; returns what it wrote to stderr.

    One process is started as it is: the launcher takes seconds to be imported.
    """
    launcher = [*LAUNCH.split(), "--num_processes", str(processes)] if processes > 1 else []
    # The launcher takes a script, or a module behind -m, as Python does.
    done = subprocess.run(
        [sys.executable, *launcher, *program],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "ACCELERATE_USE_CPU": "true",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr
