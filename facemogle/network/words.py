"""Phrases for prompts, and which of them a model knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WORDS: dict[str, tuple[str, ...]] = {
    "people": (
        "a young woman", "a young man", "a middle aged woman", "a middle aged man",
        "an older woman", "an older man",
    ),
    "skin": ("fair skin", "light skin", "tan skin", "brown skin", "dark skin", "deep skin"),
    "hair": (
        "blond hair", "brown hair", "black hair", "red hair", "auburn hair", "gray hair",
        "curly hair", "straight hair", "wavy hair",
    ),
    "beards": ("stubble", "full beard", "goatee", "moustache"),
    "worn": ("round eyeglasses", "sunglasses", "lipstick", "eye shadow", "freckles"),
}  # fmt: skip
"""Phrases for prompts by kind, of which a page offers those that its model knows."""

_SHORTEST = 1.5  # letters a piece in the mean; below, a word is spelled rather than known


def known_words(tokenizer: PreTrainedTokenizerBase | None) -> dict[str, list[str]]:
    """`WORDS` without the phrases that have a word unknown to the model's tokenizer.

    A tokenizer that was made for a small set of words spells all others letter by letter, and the
    model has not learned what they mean. None = the model reads no text.
    """
    if tokenizer is None:
        return {kind: [] for kind in WORDS}
    return {
        kind: [text for text in texts if all(_is_known(word, tokenizer) for word in text.split())]
        for kind, texts in WORDS.items()
    }


def _is_known(word: str, tokenizer: PreTrainedTokenizerBase) -> bool:
    pieces = tokenizer.tokenize(word)
    if tokenizer.unk_token in pieces:
        return False
    return len(pieces) == 1 or len(word) >= _SHORTEST * len(pieces)
