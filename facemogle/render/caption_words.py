"""The words that captions choose from, by attribute and value."""

from __future__ import annotations

from typing import Literal

Verb = Literal["has", "is", "wears"]

AGES = ((36, ("young",)), (56, ("middle-aged",)), (200, ("older", "elderly")))
DECADES = {
    2: "twenties", 3: "thirties", 4: "forties", 5: "fifties", 6: "sixties", 7: "seventies",
    8: "eighties",
}  # fmt: skip
SKIN = (
    ("very fair", "pale"),
    ("fair", "pale", "light"),
    ("fair", "light"),
    ("light", "beige"),
    ("medium", "olive", "tan"),
    ("tan", "light brown"),
    ("brown", "medium brown"),
    ("dark", "dark brown"),
    ("dark", "deep brown", "very dark"),
    ("very dark", "dark", "deep brown"),
)
LENGTHS = {
    "short": ("short",),
    "medium": ("medium-length", "shoulder-length"),
    "long": ("long",),
}
COLORS = {
    "gray": ("gray", "grey"),
    "grey": ("gray", "grey"),
    "blond": ("blond", "blonde"),
    "auburn": ("auburn", "reddish brown"),
}
CUTS = {
    "bob": ("{} hair in a bob", "{} hair cut in a bob"),
    "ponytail": ("{} hair in a ponytail", "{} hair tied back in a ponytail"),
    "braid": ("{} hair in a braid", "braided {} hair"),
    "bun": ("{} hair in a bun",),
    "afro": ("{} hair in an afro",),
    "buzz cut": ("buzzed {} hair", "{} hair in a buzz cut"),
    "swept fringe": ("{} hair with a swept fringe", "{} hair swept to the side"),
}
BEARDS = {
    "stubble": ("stubble", "a stubbly beard"),
    "moustache": ("a moustache", "a mustache"),
    "goatee": ("a goatee",),
    "full beard": ("a full beard", "a beard"),
}
HATS = {
    "beanie": ("a beanie", "a knit hat"),
    "fedora": ("a fedora", "a fedora hat"),
    "cap": ("a cap", "a baseball cap"),
    "headscarf": ("a headscarf", "a head scarf"),
}
EXPRESSIONS: dict[str, tuple[tuple[Verb, str], ...]] = {
    "neutral": (("has", "a neutral expression"), ("has", "a calm face")),
    "slight smile": (("has", "a slight smile"), ("is", "smiling slightly")),
    "smile": (("has", "a smile"), ("is", "smiling")),
    "open smile": (("has", "a broad smile"), ("is", "smiling broadly")),
    "mouth open": (("has", "an open mouth"), ("has", "a slightly open mouth")),
    "surprised": (("has", "a surprised look"), ("is", "surprised")),
    "frown": (("has", "a frown"), ("is", "frowning")),
    "sad": (("has", "a sad expression"), ("has", "a sad look")),
}
GAZES = {
    "left": "looking to the left",
    "right": "looking to the right",
    "up": "looking up",
    "down": "looking down",
}
PRONOUNS = {"woman": "She", "man": "He"}
POSSESSIVES = {"woman": "her", "man": "his"}
NOUNS = {"woman": ("woman", "lady"), "man": ("man", "gentleman")}
