"""What the page has to know of its model, read from the model's folder before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tokenizers import Tokenizer

from facemogle.network.tokens import painted_per_token
from facemogle.network.words import known_words
from facemogle.serving.facts import Facts
from facemogle.weights.names import MINI_FOLDER

_GPU_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))


def early_facts(model: str, device: str | None) -> Facts | None:
    """`Facts.of` a model's folder; None where only the loaded model tells them.

    model, device: as of `load_pipeline`.
    """
    folder = MINI_FOLDER if model == "mini" else Path(model)
    try:
        index, vae = (_read(folder / name) for name in ("model_index.json", "vae/config.json"))
        side = index["default_size"]
        tokens = side // painted_per_token(cast(Any, SimpleNamespace(config=vae)))
        return Facts(
            side,
            (tokens, tokens),
            index["default_steps"],
            index["default_guidance"],
            index["text_length"],
            device.partition(":")[0] if device else _best_device(),
            known_words(cast(Any, _Pieces(folder / "tokenizer_2"))),
        )
    except (OSError, ValueError, LookupError):
        return None


class _Pieces:
    """As much of a tokenizer as `known_words` needs, without the second that transformers takes."""

    def __init__(self, folder: Path) -> None:
        content = (folder / "tokenizer.json").read_text("utf-8")
        self._tokenizer = Tokenizer.from_str(content)
        self._tokenizer.no_padding()
        self.unk_token = _read(folder / "tokenizer_config.json")["unk_token"]

    def tokenize(self, word: str) -> list[str]:
        return self._tokenizer.encode(word, add_special_tokens=False).tokens


def _best_device() -> str:
    """What `load_pipeline` will choose."""
    if not any(path.exists() for path in _GPU_FILES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))
