"""Phrases for prompts, which of them a model knows, and which it knows for an unknown word."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from facemogle.prompts.vocabulary import LEANING, Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WORDS: dict[str, tuple[str, ...]] = {
    "people": (
        "a young woman", "a young man", "a middle aged woman", "a middle aged man",
        "an older woman", "an older man",
    ),
    "skin": ("fair skin", "brown skin", "dark skin", "deep skin"),
    "hair": ("blond hair", "brown hair", "black hair", "gray hair"),
    "beards": ("full beard", "goatee"),
    "worn": ("round eyeglasses", "sunglasses", "lipstick"),
}  # fmt: skip
"""Phrases for prompts by kind, of which a page offers those that its model knows. The embedded
model follows all of them, by `facemogle.evaluation.chips`."""

_LIKENESS = 0.82
_MOST = 2
_SHORTEST = 4  # letters of a word that others are like, and not by chance


def known_words(tokenizer: PreTrainedTokenizerBase | None) -> dict[str, list[str]]:
    """`WORDS` without the phrases that have a word unknown to the model's tokenizer.

    None = the model reads no text.
    """
    if tokenizer is None:
        return {kind: [] for kind in WORDS}
    vocabulary = Vocabulary.of(tokenizer)
    return {
        kind: [text for text in texts if vocabulary is None or _is_known(text, vocabulary)]
        for kind, texts in WORDS.items()
    }


def suggestions(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """What a model knows, two phrases at most, in place of words that it does not know."""
    text = text.lower()
    words = re.findall(r"[^\W\d_]+", text)
    phrases = [
        phrase.removeprefix("a ").removeprefix("an ")
        for kind in WORDS.values()
        for phrase in kind
        if _is_known(phrase, vocabulary)
    ]
    found = get_close_matches(" ".join(words), phrases, n=1, cutoff=_LIKENESS)
    if not found:
        known = {word.lower() for word in vocabulary.words} - LEANING
        alike = sorted(word for word in known if len(word) >= _SHORTEST)
        for word in words:
            if len(word) >= _SHORTEST and not vocabulary.forms(word):
                found += get_close_matches(word, alike, n=1, cutoff=_LIKENESS)
    found = [phrase for phrase in found if _is_known(phrase, vocabulary)]
    return tuple(dict.fromkeys(found))[:_MOST]


def _is_known(phrase: str, vocabulary: Vocabulary) -> bool:
    return all(vocabulary.forms(word) for word in phrase.split())
