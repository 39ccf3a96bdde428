"""What a model is to read of a prompt, and what of it does not reach the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from facemogle.prompts.known import Piece, known_pieces
from facemogle.prompts.vocabulary import Vocabulary
from facemogle.prompts.weighting import Letters, read_weights
from facemogle.prompts.words import suggestions

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAST_WEIGHT, MOST_WEIGHT = 0.0, 1.5
"""Above, features are too far from what a model has learned, and a word shows less: mini's blond
hair is grayer at 2 than at 1.5."""

_SUGGESTED = 8
"""Unknown spans that get suggestions; a page of unknown words would take seconds."""


@dataclass(frozen=True)
class Span:
    """A stretch of the prompt, prompt[start:end] = text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Unknown(Span):
    """Words that mean nothing to the model. suggestions: what it knows instead, if anything."""

    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weighted(Span):
    """Words with a weight of their own. asked: the weight that the prompt gives them."""

    asked: float = 1.0

    @property
    def weight(self) -> float:
        """The weight that they get, from 0 to 1.5."""
        return _limited(self.asked)


@dataclass(frozen=True)
class PromptReading:
    """A prompt as a model reads it; equal prompts have equal readings.

    text: what the model is to see. weights: of words whose weight is not 1.
    unknown: words that mean nothing to the model, which is not shown them. omitted: words beyond
    its limit. num_tokens: of the text, with the closing one. limit: tokens that the model reads.
    token_weights: of the tokens that are read, without padding; () = 1 for all.
    """

    text: str
    weights: tuple[Weighted, ...]
    unknown: tuple[Unknown, ...]
    omitted: tuple[Span, ...]
    num_tokens: int
    limit: int
    token_weights: tuple[float, ...]


def read_prompt(prompt: str, tokenizer: PreTrainedTokenizerBase, length: int) -> PromptReading:
    """Read a prompt as a model's T5 tokenizer and its limit of `length` tokens demand.

    Weights are taken out of the text. If the tokenizer was made for a small set of words, as
    mini's, the text has only these, in lower case; else it is as it was written.
    """
    letters = read_weights(prompt)
    vocabulary = Vocabulary.of(tokenizer)
    if vocabulary is None:
        pieces, unread = _as_written(letters), []
    else:
        pieces, unread = known_pieces(letters, vocabulary)
    text = "".join(piece.text for piece in pieces)
    # Shared by threads, which padding and truncation would disturb: they are the tokenizer's state.
    encoded = tokenizer(text, return_offsets_mapping=True, verbose=False)
    offsets = encoded["offset_mapping"]
    omitted = []
    if len(offsets) > length:
        first = offsets[length - 1][0]  # the closing token takes the last place
        omitted = [(p.start, p.end) for p, end in _ends(pieces) if p.is_word and end > first]
        offsets = [*offsets[: length - 1], offsets[-1]]
    unknown = [
        Unknown(one.start, one.end, one.text, _suggested(one.text, number, vocabulary))
        for number, one in enumerate(_spans(prompt, unread))
    ]
    return PromptReading(
        text=text,
        weights=tuple(_weighted(prompt, pieces)),
        unknown=tuple(unknown),
        omitted=tuple(_spans(prompt, omitted)),
        num_tokens=len(encoded["input_ids"]),
        limit=length,
        token_weights=_token_weights(pieces, offsets),
    )


def _as_written(letters: Letters) -> list[Piece]:
    """Words and the space between them, as they are."""
    is_space = [letter.isspace() for letter in letters.text]
    kinds = list(zip(is_space, letters.weights, strict=True))
    pieces = []
    for (is_gap, weight), group in groupby(range(len(kinds)), key=kinds.__getitem__):
        places = list(group)
        text = letters.text[places[0] : places[-1] + 1]
        start, end = letters.places[places[0]], letters.places[places[-1]] + 1
        pieces.append(Piece(text, start, end, weight, not is_gap))
    return pieces


def _ends(pieces: Iterable[Piece]) -> Iterable[tuple[Piece, int]]:
    """Each piece with the place in the text where it ends."""
    end = 0
    for piece in pieces:
        end += len(piece.text)
        yield piece, end


def _spans(prompt: str, places: Iterable[tuple[int, int]], between: str = r"[ \t]*") -> list[Span]:
    """Spans of words, joined where nothing is between them but what matches."""
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and re.fullmatch(between, prompt[joined[-1][1] : start]):
            start, _ = joined.pop()
        joined.append((start, end))
    return [Span(start, end, prompt[start:end]) for start, end in joined]


def _weighted(prompt: str, pieces: Sequence[Piece]) -> Iterable[Weighted]:
    for weight, group in groupby(pieces, key=lambda piece: piece.weight):
        words = [(piece.start, piece.end) for piece in group if piece.is_word]
        if weight != 1:
            for one in _spans(prompt, words, between=r"[^()\[\]]*"):
                yield Weighted(one.start, one.end, one.text, round(weight, 6))


def _token_weights(
    pieces: Sequence[Piece], offsets: Sequence[tuple[int, int]]
) -> tuple[float, ...]:
    """Of tokens by where they stand in the text: a token's last letter decides."""
    letters = [_limited(piece.weight) for piece in pieces for _ in piece.text]
    weights = tuple(letters[end - 1] if end > start else 1.0 for start, end in offsets)
    return () if set(weights) <= {1.0} else weights


def _limited(weight: float) -> float:
    return min(max(weight, LEAST_WEIGHT), MOST_WEIGHT)


def _suggested(text: str, number: int, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    if vocabulary is None or number >= _SUGGESTED:
        return ()
    return suggestions(text, vocabulary)
