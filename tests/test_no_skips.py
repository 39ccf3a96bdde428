"""What CI does with a skipped test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("ci", "code", "fails"), [
    ("true", "import pytest; pytest.skip()", 1),
    ("", "import pytest; pytest.skip()", 0),
    ("true", "assert True", 0),
])  # fmt: skip
def test_a_skipped_test_fails_the_run_in_ci_alone(
    ci: str, code: str, fails: int, tmp_path: Path
) -> None:
    """Whole files were skipped where a package was missing, and CI was green."""
    (tmp_path / "test_one.py").write_text(f"def test_one():\n    {code}\n")
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no_skips", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == fails, run.stdout
    assert ("CI must run every test" in run.stdout) == bool(fails)
