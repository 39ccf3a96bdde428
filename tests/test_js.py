"""The page's pure logic, under node's own test runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "js" / "all.js"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed; install Node 20.19 or newer")
def test_modules_pass_their_own_tests() -> None:
    run = subprocess.run([str(NODE), str(TESTS)], capture_output=True, text=True, timeout=300)
    assert re.search(r"^# pass \d{3}$", run.stdout, re.MULTILINE)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
