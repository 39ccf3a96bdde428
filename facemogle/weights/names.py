"""Where the models of this repository lie; apart, as it is needed before anything is loaded."""

from __future__ import annotations

from pathlib import Path

MINI_FOLDER = Path(__file__).resolve().parents[2] / "checkpoints" / "mini"
