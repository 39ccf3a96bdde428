"""Prompt -> text features, as FLUX wants them: CLIP's pooled output and T5's sequence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from facemogle.prompts.reading import PromptReading

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


def given_text(name: str, sequence: Tensor | None, pooled: Tensor | None) -> Text | None:
    """Features that a caller gave; None if there are none. Raises ValueError for half of them."""
    if (sequence is None) != (pooled is None):
        raise ValueError(
            f"Give both {name}prompt_embeds and {name}pooled_prompt_embeds, or neither."
        )
    return None if sequence is None or pooled is None else Text(sequence, pooled)


def text_of(
    reading: PromptReading,
    tokenizers: tuple[PreTrainedTokenizerBase, PreTrainedTokenizerBase],
    encoders: tuple[PreTrainedModel, PreTrainedModel],
    device: torch.device,
) -> Text:
    """Features of a prompt: `sequence` (1, T, D), T the reading's limit, and `pooled` (1, D).

    tokenizers, encoders: CLIP's and T5's. Weights act on the sequence; the pooled output, which
    has no tokens, is that of the text without them.
    """
    pooled = pooled_features(reading.text, tokenizers[0], encoders[0], device)
    t5 = tokenizers[1], encoders[1], device, reading.limit
    sequence = sequence_features(reading.text, *t5)
    if reading.token_weights:
        sequence = weighted(sequence, sequence_features("", *t5), reading.token_weights)
    return Text(sequence, pooled)


def weighted(features: Tensor, empty: Tensor, weights: Sequence[float]) -> Tensor:
    """Features (1, T, D) that tell of each token so many times what they tell beyond `empty`.

    f' = f + (w - 1) (f - empty): at w = 1 exactly f, at 0 an empty prompt's features.
    empty: (1, T, D), of an empty prompt. weights: of the first tokens; padding's are 1.
    """
    factors = features.new_ones(features.shape[1], 1)
    factors[: len(weights), 0] = features.new_tensor(weights)
    return features + (factors - 1) * (features - empty)


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
    """Token ids (1, length), padded or cut.

    Not by the tokenizer, which keeps padding and truncation as a state that threads would share.
    """
    ids = tokenizer(prompt, verbose=False).input_ids
    if len(ids) > length:
        ids = [*ids[: length - 1], ids[-1]]
    return torch.tensor([ids + [tokenizer.pad_token_id] * (length - len(ids))])
