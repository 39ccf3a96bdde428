"""Prompt -> text features, as FLUX wants them: CLIP's pooled output and T5's sequence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Text:
    """Features of B prompts: T5's sequence (B, T, D) and CLIP's pooled output (B, D)."""

    sequence: Tensor
    pooled: Tensor

    @classmethod
    def stacked(cls, texts: Sequence[Text]) -> Text:
        """All rows, one below the other."""
        return cls(
            torch.cat([text.sequence for text in texts]), torch.cat([text.pooled for text in texts])
        )


def pooled_features(
    prompt: str, tokenizer: PreTrainedTokenizerBase, encoder: PreTrainedModel, device: torch.device
) -> Tensor:
    """CLIP's pooled output (1, D), of the prompt's start: CLIP has a limit of its own."""
    ids = token_ids(prompt, tokenizer, tokenizer.model_max_length)
    return encoder(ids.to(device)).pooler_output


def sequence_features(
    prompt: str,
    tokenizer: PreTrainedTokenizerBase,
    encoder: PreTrainedModel,
    device: torch.device,
    length: int,
) -> Tensor:
    """T5's features (1, length, D), of padding too: FLUX attends to all of them.

    A longer prompt is cut at `length` tokens, with a warning in the log.
    """
    needed = len(tokenizer(prompt, verbose=False).input_ids)
    if needed > length:
        logger.warning(
            f"The prompt has {needed} tokens; the model reads the first {length}, the rest is left "
            "out. Shorten the prompt to have all of it read."
        )
    ids = token_ids(prompt, tokenizer, length)
    return encoder(ids.to(device))[0]


def token_ids(prompt: str, tokenizer: PreTrainedTokenizerBase, length: int) -> Tensor:
    """Token ids (1, length), padded or cut."""
    return tokenizer(
        prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids
