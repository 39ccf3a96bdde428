"""What a prompt says of the face's regions: nouns for them, and words that belong into the mask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facemogle.masks.regions import REGIONS
from facemogle.prompts.reading import Span
from facemogle.prompts.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_NOUNS: dict[str, tuple[str, ...]] = {
    "background": ("background",),
    "skin": ("skin", "complexion"),
    "nose": ("nose",),
    "eye_g": ("eyeglasses", "glasses", "sunglasses"),
    "l_eye": ("eyes", "eye"),
    "r_eye": ("eyes", "eye"),
    "l_brow": ("eyebrows", "brows"),
    "r_brow": ("eyebrows", "brows"),
    "l_ear": ("ears",),
    "r_ear": ("ears",),
    "mouth": ("mouth",),
    "u_lip": ("lips", "lipstick"),
    "l_lip": ("lips", "lipstick"),
    "hair": ("hair",),
    "hat": ("hat", "cap", "beanie", "fedora", "headscarf"),
    "ear_r": ("earrings",),
    "neck_l": ("necklace",),
    "neck": ("neck",),
    "cloth": ("clothes", "shirt"),
}
"""What a region is called in a prompt. The first one is written, any of them is understood."""

_PAINTED: dict[str, tuple[str, ...]] = {
    "eye_g": ("glasses", "eyeglasses", "sunglasses", "spectacles"),
    "mouth": (
        "open mouth", "mouth open", "open-mouthed", "mouth wide open", "teeth", "tongue",
        "laughing",
    ),
    "hair": (
        "bangs", "fringe", "ponytail", "pigtails", "bun", "braid", "braids", "dreadlocks", "mohawk",
        "mullet", "afro", "bob", "hairstyle", "haircut",
    ),
    "hat": ("hat", "cap", "beanie", "fedora", "headscarf", "helmet", "hood", "crown", "turban"),
    "ear_r": ("earring", "earrings", "ear studs"),
    "neck_l": ("necklace", "choker", "pendant"),
    "nose": ("big nose", "large nose", "small nose", "long nose", "wide nose", "narrow nose"),
    "r_ear": ("ears",),
    "cloth": (
        "clothes", "shirt", "t-shirt", "dress", "jacket", "suit", "sweater", "hoodie", "blouse",
        "coat",
    ),
}  # fmt: skip
"""Words for what has a shape: the mask, which is painted, tells it better than a prompt can."""

_INDEX = {region.name: region.index for region in REGIONS}
_REGION_OF = {word: _INDEX[name] for name, words in _PAINTED.items() for word in words}
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _REGION_OF), key=len, reverse=True))
_WORD = re.compile(rf"(?<![\w-])(?:{_LONGEST_FIRST})(?![\w-])", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|not|without|never)\s+(?:(?:a|an|any|wearing)\s+)*$", re.IGNORECASE)


@dataclass(frozen=True)
class Painted(Span):
    """Words whose place is the mask. region: 0..18. is_known: whether the model reads them, too."""

    region: int
    is_known: bool


def painted_words(prompt: str, unknown: Sequence[Span]) -> list[Painted]:
    """The words of a prompt that belong into the mask. unknown: what the model does not read."""
    return [
        Painted(
            *found.span(),
            found[0],
            _REGION_OF[found[0].lower()],
            not any(one.start < found.end() and found.start() < one.end for one in unknown),
        )
        for found in _WORD.finditer(prompt)
        if not _DENIED.search(prompt, 0, found.start())
    ]


def known_nouns(tokenizer: PreTrainedTokenizerBase | None) -> list[list[str]]:
    """The nouns, by region index, that a model knows. tokenizer: None = the model reads no text."""
    if tokenizer is None:
        return [[] for _ in REGIONS]
    vocabulary = Vocabulary.of(tokenizer)
    return [
        [noun for noun in _NOUNS[region.name] if vocabulary is None or vocabulary.forms(noun)]
        for region in REGIONS
    ]
