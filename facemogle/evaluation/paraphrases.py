"""Prompts in words that no caption of the renderer uses, and prompts that ask for other faces."""

from __future__ import annotations

import numpy as np

from facemogle.attributes.vocabulary import ATTRIBUTES, Row, classes

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "age": {
        "young": ("youthful",),
        "middle-aged": ("mature",),
        "older": ("senior", "retired"),
    },
    "gender": {"woman": ("female person",), "man": ("male person",)},
    "hair colour": {
        "black": ("raven locks", "jet tresses"),
        "brown": ("chestnut locks", "brunette tresses"),
        "blond": ("golden locks", "flaxen tresses"),
        "red": ("ginger locks", "coppery tresses"),
        "gray": ("silver locks", "graying tresses"),
        "dyed": ("dyed locks",),
    },
    "skin tone": {
        "fair": ("an ivory skintone", "a porcelain skintone"),
        "medium": ("a bronze skintone", "a caramel skintone"),
        "dark": ("an ebony skintone", "a mahogany skintone"),
    },
    "glasses": {
        "eyeglasses": ("spectacles", "bifocals"),
        "sunglasses": ("tinted shades", "aviators"),
    },
    "hat": {"hat": ("headgear", "headwear")},
    "beard": {
        "stubble": ("unshaven cheekbones", "several days' growth"),
        "moustache or goatee": ("whiskers",),
        "full beard": ("bushy growth over chin", "abundant bristles"),
    },
    "lipstick": {"lipstick": ("rouge",)},
    "smile": {"none": ("serious", "unsmiling"), "smile": ("grinning", "beaming")},
}
"""By attribute and class, in the order in which a prompt names them; what has no words is not
told. Of several ways to say it, each face has one."""


def paraphrase(row: Row) -> tuple[str, np.ndarray]:
    """A prompt for a face in other words, and which attributes it tells, bool (A,)."""
    found = {
        attribute.name: attribute.values[index]
        for attribute, index in zip(ATTRIBUTES, classes(row), strict=True)
        if index >= 0
    }
    ways = {name: words[found[name]] for name, words in WORDS.items() if found.get(name) in words}
    parts = {name: texts[row["index"] % len(texts)] for name, texts in ways.items()}
    told = np.array([attribute.name in parts for attribute in ATTRIBUTES])
    head = f"A {parts.pop('age')} {parts.pop('gender')}" if "age" in parts else "A person"
    return ", ".join([head, *parts.values()]), told


NINE: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "A young woman with very fair skin, blond hair, smiling broadly",
        {"skin tone": "fair", "hair colour": "blond", "smile": "smile"},
    ),
    (
        "An older woman with dark brown skin, gray hair, a neutral expression",
        {"skin tone": "dark", "hair colour": "gray", "smile": "none"},
    ),
    (
        "A middle-aged woman with olive skin, black hair, lipstick",
        {"skin tone": "medium", "hair colour": "black", "lipstick": "lipstick"},
    ),
    (
        "A young woman with light skin, red hair, round glasses",
        {"skin tone": "fair", "hair colour": "red", "glasses": "eyeglasses"},
    ),
    (
        "A young woman with brown skin, pink hair, a smile",
        {"skin tone": "medium", "hair colour": "dyed", "smile": "smile"},
    ),
    (
        "A young man with very dark skin, black hair, stubble",
        {"skin tone": "dark", "hair colour": "black", "beard": "stubble"},
    ),
    (
        "An elderly man with fair skin, white hair, a full beard",
        {"skin tone": "fair", "hair colour": "gray", "beard": "full beard"},
    ),
    (
        "A middle-aged man with tan skin, brown hair, a moustache",
        {"skin tone": "medium", "hair colour": "brown", "beard": "moustache or goatee"},
    ),
    (
        "A young man with dark skin, dark brown hair, sunglasses",
        {"skin tone": "dark", "hair colour": "brown", "glasses": "sunglasses"},
    ),
)
"""Prompts in the captions' words and what they ask for beside age and gender."""


def asked(prompt: str, more: dict[str, str]) -> np.ndarray:
    """Class of each attribute that one of `NINE` asks for, int64 (A,); -1 = it does not tell."""
    words = prompt.lower().split()
    ages = {"young": "young", "middle-aged": "middle-aged", "older": "older", "elderly": "older"}
    age = next(value for word, value in ages.items() if word in words)
    wanted = {**more, "age": age, "gender": "woman" if "woman" in words else "man"}
    return np.array(
        [
            attribute.values.index(wanted[attribute.name]) if attribute.name in wanted else -1
            for attribute in ATTRIBUTES
        ]
    )
