"""Face-MoGLE: faces from a mask and a prompt (arXiv 2509.00428).

>>> from facemogle import load_pipeline
>>> output = load_pipeline("mini")("a woman with red hair", mask="mask.png")
>>> output.images[0], output.trace
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facemogle.gate.trace import Trace
    from facemogle.mogle import MoGLE
    from facemogle.photo.parser import FaceParser, load_parser
    from facemogle.pipeline import FaceMoGLEOutput, FaceMoGLEPipeline
    from facemogle.runs.denoising import Step
    from facemogle.transformer import FaceMoGLETransformer
    from facemogle.weights.loading import load_pipeline

__all__ = [
    "FaceMoGLEOutput",
    "FaceMoGLEPipeline",
    "FaceMoGLETransformer",
    "FaceParser",
    "MoGLE",
    "Step",
    "Trace",
    "load_parser",
    "load_pipeline",
]

_HOMES = {
    "FaceMoGLEOutput": "pipeline",
    "FaceMoGLEPipeline": "pipeline",
    "FaceMoGLETransformer": "transformer",
    "FaceParser": "photo.parser",
    "MoGLE": "mogle",
    "Step": "runs.denoising",
    "Trace": "gate.trace",
    "load_parser": "photo.parser",
    "load_pipeline": "weights.loading",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that reading masks does not load torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
