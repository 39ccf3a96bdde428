"""Gradio, imported in two thirds of the time. Import this before anything that imports Gradio.

While it is imported, Gradio writes a stub file beside each of its components' sources, or makes
sure that the one there is still the same: a second of rendering and parsing that no server needs.
It leaves out components that have no source file, which it asks `inspect` about.
"""

from __future__ import annotations

import inspect
from typing import Any
from unittest.mock import patch

_getfile = inspect.getfile


def _not_gradios(thing: Any) -> str:
    if inspect.isclass(thing) and thing.__module__.startswith("gradio."):
        raise OSError("left out")
    return _getfile(thing)


with patch("inspect.getfile", _not_gradios):
    import gradio  # noqa: F401
