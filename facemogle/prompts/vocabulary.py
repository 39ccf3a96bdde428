"""The words of a tokenizer that was made for a small set of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facemogle.prompts.synonyms import SYNONYMS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


_STARTS_WORD = "▁"
_SENTENCE_STARTS = {"she", "he", "this", "the"}
"""At a sentence's start captions write these with a capital, and that is how they were learnt."""

COMPOUNDS = {"middle-aged", "medium-length", "shoulder-length", "slicked-back", "cat-eye"}
"""Words that captions join by a hyphen. Any other such word is read as its parts: red-hair."""

_IRREGULAR = {"men": "man", "women": "woman"}
_SPELLINGS = ({"blond", "blonde"}, {"gray", "grey"}, {"moustache", "mustache"})
LINKS = {"of", "with", "in", "to", "and", "has", "is", "wears", "wearing"}
JOINING = LINKS | {"a", "an", "the", "this"}
LEANING = JOINING | {
    "very", "slightly", "both", "left", "right", "up", "looking", "facing", "turned",
    "black", "blond", "blonde", "blue", "brown", "gray", "grey", "olive", "pink", "red", "reddish",
    "white", "beige", "tan", "dark", "deep", "fair", "light", "pale", "broad", "full", "long",
    "medium", "short", "slight", "open", "closed", "asymmetric", "oval", "rectangular", "round",
    "square", "straight", "3d", "rendered",
}  # fmt: skip
"""Words that mean little without the next one: "red" of a red dress is not about the face.

`LINKS` lead to another noun, and with articles they are `JOINING`, which nobody misses."""


@dataclass(frozen=True)
class Vocabulary:
    """words: those that the model has learnt, each as the tokenizer has it."""

    words: frozenset[str]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Vocabulary | None:
        """The vocabulary, or None if the tokenizer composes any word of pieces, as FLUX's does.

        A tokenizer for a small set of words has these whole, and spells all others letter by
        letter, which the model has not learned to read.
        """
        special = set(tokenizer.all_special_tokens)
        words = set()
        for piece in tokenizer.get_vocab():
            word = piece.removeprefix(_STARTS_WORD)
            if len(word) < 2 or piece in special:
                continue
            if word == piece:
                return None
            words.add(word)
        # Its single letters are for spelling, but one is a word.
        return cls(frozenset(words | {"a"}))

    def forms(self, word: str) -> tuple[str, ...]:
        """A word of a prompt as the model knows it, in one word or two; () = not at all.

        word: in any case, perhaps with hyphens, in the plural or in another spelling.
        """
        word = re.sub("[\u2010\u2011]", "-", word.lower())
        parts = word.split("-")
        if word in COMPOUNDS and self._whole(parts[0]):
            return (word,)
        if word in SYNONYMS and not self._form(word):
            return self._synonym(word)
        found = [self._parts(part) for part in parts]
        return tuple(form for forms in found for form in forms) if all(found) else ()

    def opening(self, form: str) -> str:
        """The form of a word at a sentence's start."""
        capital = form.capitalize()
        return capital if form in _SENTENCE_STARTS and capital in self.words else form

    def _parts(self, word: str) -> tuple[str, ...]:
        form = self._form(word)
        return (form,) if form else self._synonym(word)

    def _synonym(self, word: str) -> tuple[str, ...]:
        """The words that captions have in place of another word; () = none that is known."""
        spelled = next((one for one in (word, *_others(word)) if one in SYNONYMS), None)
        known = SYNONYMS[spelled] if spelled else ()
        forms = [one if one in COMPOUNDS else self._whole(one) for one in known]
        return tuple(form for form in forms if form) if all(forms) else ()

    def _form(self, word: str) -> str | None:
        word = re.sub("['\u2019]s$", "", word)
        if form := self._whole(word):
            return form
        found = (self._whole(other) for other in _others(word))
        return next((form for form in found if form and form not in LEANING), None)

    def _whole(self, word: str) -> str | None:
        return next((form for form in (word, word.capitalize()) if form in self.words), None)


def _others(word: str) -> Iterator[str]:
    """The same word in other spellings, the singular or plural, the noun of "haired"."""
    for spellings in _SPELLINGS:
        if word in spellings:
            yield from spellings - {word}
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith("s"):
        yield word[:-1]
    if word.endswith("ies"):
        yield f"{word[:-3]}y"
    if word.endswith("ed"):
        yield from (word[:-2], word[:-3])
    yield f"{word}s"
