"""What a visitor can start from: template faces, and words that the model knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from facemogle.mask import read_mask

TEMPLATES = "templates.json"

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


def read_templates(folder: Path, side: int) -> list[dict[str, Any]]:
    """The faces of a folder in the order of its ``templates.json``.

    side: pixels of the label maps, either way. Returns for each its title, prompt (what the face
    looks like), seed (one that goes well with both) and label_map, uint8 (side, side).
    """
    entries = json.loads((folder / TEMPLATES).read_text("utf-8"))
    return [
        {**entry, "label_map": read_mask(folder / entry["file"], size=(side, side)).label_map}
        for entry in entries
    ]
