"""What the page has to know of its model, read from the model's folder before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

from facemogle.network.words import known_words
from facemogle.serving.engine import Facts
from facemogle.weights.names import MINI_FOLDER

_NVIDIA = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def early_facts(model: str, device: str | None) -> Facts | None:
    """The facts; None where only the loaded model tells them.

    model, device: as of `load_pipeline`.
    """
    folder = MINI_FOLDER if model == "mini" else Path(model)
    try:
        config = json.loads((folder / "model_index.json").read_text("utf-8"))
        side, steps, length = (config[f] for f in ("default_size", "default_steps", "text_length"))
    except (OSError, ValueError, LookupError):
        return None
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer_2")
    return Facts(side, steps, length, device or _device(), known_words(tokenizer))


def _device() -> str:
    """What load_pipeline will choose; importing torch takes a second, which few need for this."""
    if not any(path.exists() for path in _NVIDIA):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
