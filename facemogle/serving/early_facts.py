"""What the page has to know of its model, read from the model's folder before it is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tokenizers import Tokenizer

from facemogle.network.tokens import painted_per_token
from facemogle.prompts.reading import PromptReading, read_prompt
from facemogle.prompts.regions import known_nouns
from facemogle.prompts.words import known_words
from facemogle.serving.facts import Facts
from facemogle.weights.names import MINI_FOLDER

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

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
        pieces = cast(Any, _Pieces(folder / "tokenizer_2"))
        return Facts(
            side,
            (tokens, tokens),
            index["default_steps"],
            index["default_guidance"],
            device.partition(":")[0] if device else _best_device(),
            known_words(pieces),
            known_nouns(pieces),
            _Reader(folder / "tokenizer_2", index["text_length"]),
        )
    except (OSError, ValueError, LookupError):
        return None


class _Pieces:
    """What phrases and nouns need of a tokenizer, without the second that transformers takes."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
        config = _read(folder / "tokenizer_config.json")
        special = (config.get(name) for name in ("eos_token", "pad_token", "unk_token"))
        self.all_special_tokens = [token for token in special if token is not None]

    def get_vocab(self) -> dict[str, int]:
        return self._tokenizer.get_vocab()


@dataclass(frozen=True)
class _Reader:
    """What the model reads of a prompt; the first one waits until transformers is imported."""

    folder: Path
    length: int

    def __call__(self, prompt: str) -> PromptReading:
        return read_prompt(prompt, tokenizer=self._tokenizer, length=self.length)

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerBase:
        # Not from the package itself: while another thread imports it for the model, it is there
        # without its names.
        from transformers.models.t5.tokenization_t5 import T5Tokenizer

        return T5Tokenizer.from_pretrained(self.folder)


def _best_device() -> str:
    """What `load_pipeline` will choose."""
    if not any(path.exists() for path in _GPU_FILES):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))
