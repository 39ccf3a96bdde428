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


def _no_component(thing: Any) -> str:
    if type(thing).__name__ == "ComponentMeta":
        raise OSError("left out")
    return _getfile(thing)


with patch("inspect.getfile", _no_component):
    import gradio  # noqa: F401
