"""Programs in several processes, with what `accelerate launch` tells them, on the CPU (gloo).

The launcher itself takes as many seconds to be imported as the programs.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from served import free_port

ROOT = Path(__file__).parents[1]


def run_in(processes: int, *program: str) -> str:
    """Run a program, as arguments of Python, to its end; returns what the first wrote to stderr."""
    shared = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
    }

    def run_as(rank: int) -> str:
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        done = subprocess.run(
            [sys.executable, *program],
            cwd=ROOT,
            env={**shared, **own},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stderr

    with ThreadPoolExecutor(processes) as pool:
        first, *_ = pool.map(run_as, range(processes))
    return first
