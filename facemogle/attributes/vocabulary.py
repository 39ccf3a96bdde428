"""Attributes that a caption can ask for and an image can be checked for.

A row is a face's line in ``metadata.jsonl`` as the renderer writes it (see ``docs/data.md``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from facemogle.render.caption_words import (
    AGES,
    BEARDS,
    COLORS,
    DECADES,
    EXPRESSIONS,
    HATS,
    NOUNS,
    PRONOUNS,
    SKIN,
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Attribute:
    """One thing that an image may show.

    values: its classes; with ``absence``, the first one means that it is not there.
    value: the class of a face; None where the image does not show it.
    phrases: words of a caption that tell the face's class.
    """

    name: str
    values: tuple[str, ...]
    value: Callable[[Row], str | None]
    phrases: Callable[[Row], tuple[str, ...]]
    absence: bool = False


HAIR = {
    "black": "black",
    "dark brown": "brown",
    "brown": "brown",
    "light brown": "brown",
    "blond": "blond",
    "platinum blond": "blond",
    "auburn": "red",
    "red": "red",
    "gray": "gray",
    "grey": "gray",
    "white": "gray",
    "pink": "dyed",
    "blue": "dyed",
}
TONES = {"fair": range(1, 5), "medium": range(5, 8), "dark": range(8, 11)}
"""Groups of the Monk scale: so the captions' words for skin belong to one group each, but for
"tan", "brown" and "light brown" within medium."""

BEARD = {
    "none": "none",
    "stubble": "stubble",
    "moustache": "moustache or goatee",
    "goatee": "moustache or goatee",
    "full beard": "full beard",
}
SMILES = ("slight smile", "smile", "open smile")
LIPS = ("u_lip", "l_lip")
AGE_GROUPS = ("young", "middle-aged", "older")


def _shown(row: Row, *regions: str) -> bool:
    return any(row["visible"].get(region, False) for region in regions)


def _age(years: float) -> str:
    return next(group for group, (below, _) in zip(AGE_GROUPS, AGES, strict=True) if years < below)


def _age_phrases(row: Row) -> tuple[str, ...]:
    words = next(words for below, words in AGES if row["years"] < below)
    decade = int(row["years"] // 10)
    # "in her thirties" may be young or middle-aged: only a decade of one group tells it.
    tells = decade in DECADES and _age(10 * decade) == _age(10 * decade + 9)
    return (*words, DECADES[decade]) if tells else words


def _hair(row: Row) -> str | None:
    hidden = row["hair_style"] == "bald" or not _shown(row, "hair")
    return None if hidden else HAIR[row["hair_color"]]


def _hair_phrases(row: Row) -> tuple[str, ...]:
    color = row["hair_color"]
    return tuple(f"{word} hair" for word in COLORS.get(color, (color,)))


def _skin(row: Row) -> str | None:
    tone = next(group for group, range_ in TONES.items() if row["monk"] in range_)
    return tone if _shown(row, "skin") else None


def _skin_phrases(row: Row) -> tuple[str, ...]:
    words = SKIN[row["monk"] - 1]
    return tuple(f"{word} {noun}" for word in words for noun in ("skin", "complexion"))


def _glasses(row: Row) -> str | None:
    worn = row["glasses"]
    return worn if worn == "none" or _shown(row, "eye_g") else None


def _glasses_phrases(row: Row) -> tuple[str, ...]:
    return {"eyeglasses": ("glasses", "eyeglasses")}.get(row["glasses"], (row["glasses"],))


def _hat(row: Row) -> str | None:
    if row["hat"] == "none":
        return "none"
    return "hat" if _shown(row, "hat") else None


def _beard(row: Row) -> str | None:
    return BEARD[row["beard"]] if _shown(row, "skin") else None


def _smile(row: Row) -> str | None:
    smiles = "smile" if row["expression"] in SMILES else "none"
    return smiles if _shown(row, *LIPS, "mouth") else None


def _lipstick(row: Row) -> str | None:
    worn = "lipstick" if row["lipstick"] else "none"
    return worn if _shown(row, *LIPS) else None


ATTRIBUTES = (
    Attribute("hair colour", tuple(dict.fromkeys(HAIR.values())), _hair, _hair_phrases),
    Attribute("skin tone", tuple(TONES), _skin, _skin_phrases),
    Attribute(
        "glasses", ("none", "eyeglasses", "sunglasses"), _glasses, _glasses_phrases, absence=True
    ),
    Attribute("hat", ("none", "hat"), _hat, lambda row: HATS.get(row["hat"], ()), absence=True),
    Attribute(
        "beard",
        tuple(dict.fromkeys(BEARD.values())),
        _beard,
        lambda row: BEARDS.get(row["beard"], ()),
        absence=True,
    ),
    Attribute(
        "smile",
        ("none", "smile"),
        _smile,
        lambda row: tuple(text for _, text in EXPRESSIONS[row["expression"]]),
    ),
    Attribute(
        "lipstick",
        ("none", "lipstick"),
        _lipstick,
        lambda row: ("lipstick",) if row["lipstick"] else (),
        absence=True,
    ),
    Attribute("age", AGE_GROUPS, lambda row: _age(row["years"]), _age_phrases),
    Attribute(
        "gender",
        ("woman", "man"),
        lambda row: row["gender"],
        lambda row: (*NOUNS[row["gender"]], PRONOUNS[row["gender"]]),
    ),
)


def classes(row: Row) -> list[int]:
    """Class of each attribute in the image of a face, in their order; -1 where it is not seen."""
    values = [attribute.value(row) for attribute in ATTRIBUTES]
    return [
        -1 if value is None else attribute.values.index(value)
        for attribute, value in zip(ATTRIBUTES, values, strict=True)
    ]


def told(row: Row, caption: str) -> list[bool]:
    """Whether a caption tells the class of each attribute, in their order."""
    return [
        any(
            re.search(rf"\b{re.escape(phrase)}\b", caption, re.IGNORECASE)
            for phrase in attribute.phrases(row)
        )
        for attribute in ATTRIBUTES
    ]
