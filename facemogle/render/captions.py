"""Attributes of a face -> captions, by a grammar with synonyms, varied order and length.

Sentences in the manner of MM-CelebA-HQ ("She has wavy blond hair and is wearing lipstick.") and
noun phrases ("a young man with dark skin, short black hair, round glasses"). A caption names only
what the image shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from facemogle.render.caption_words import (
    AGES,
    BEARDS,
    COLORS,
    CUTS,
    DECADES,
    EXPRESSIONS,
    GAZES,
    HATS,
    LENGTHS,
    NOUNS,
    POSSESSIVES,
    PRONOUNS,
    SKIN,
    Verb,
)
from facemogle.render.colors import mix_looks
from facemogle.render.face import Face

_Option = TypeVar("_Option")


@dataclass(frozen=True)
class Phrase:
    """One fact. verb: the word that it needs in a sentence, "She has", "is" or "wears" it."""

    verb: Verb
    text: str


FACING = 12
"""Degrees of yaw up to which a head faces the camera."""

Words = tuple[Phrase, ...]
"""Several ways to say one fact."""


def captions(face: Face, visible: Mapping[str, bool], draw: np.random.Generator) -> list[str]:
    """Describe a face five times, each time in other words.

    visible: by region name, whether the image shows the region; an absent name is not shown.
    draw: decides on words, order and length; an equal generator gives equal captions.
    Returns in this order: everything in sentences, everything as a noun phrase, some of it in
    sentences, some of it as a noun phrase, one sentence of one or two facts.
    Raises KeyError for a word that the attribute does not have, such as a hat "crown".
    """

    def facts(most: int | None = None) -> list[Phrase]:
        phrases = _phrases(face, visible, draw)
        return [phrases[n] for n in draw.permutation(len(phrases))[:most]]

    def some() -> int:
        return int(draw.integers(2, 6))

    return [
        _sentences(face, facts(), draw),
        _noun_phrase(face, facts(), draw),
        _sentences(face, facts(some()), draw),
        _noun_phrase(face, facts(some()), draw),
        _sentences(face, facts(int(draw.integers(1, 3))), draw),
    ]


def _phrases(face: Face, visible: Mapping[str, bool], draw: np.random.Generator) -> list[Phrase]:
    """Every visible fact once, in words drawn again; all but age and gender."""
    shown = {region for region, there in visible.items() if there}
    if "eye_g" in shown and face.glasses == "sunglasses":
        shown -= {"l_eye", "r_eye"}
    choices = [*_looks(face, shown, draw), *_worn(face, shown), *_doings(face, shown)]
    return [_pick(phrases, draw) for phrases in choices]


def _looks(face: Face, shown: Set[str], draw: np.random.Generator) -> Iterator[Words]:
    if "skin" in shown:
        yield _skin(face)
        if face.freckles:
            yield _has("freckles", "freckled cheeks")
        if face.beard != "none":
            yield _has(*BEARDS[face.beard])
    if face.hair_style == "bald":
        if not shown & {"hat", "hair"}:
            yield (*_is("bald"), *_has("a bald head"))
    elif "hair" in shown:
        yield _hair(face, draw)
        if face.bangs:
            yield _has("bangs")


def _worn(face: Face, shown: Set[str]) -> Iterator[Words]:
    if face.glasses != "none" and "eye_g" in shown:
        yield _glasses(face)
    if face.hat != "none" and "hat" in shown:
        yield _wears(*HATS[face.hat])
    if face.earrings and "ear_r" in shown:
        yield _wears("earrings")
    if face.necklace and "neck_l" in shown:
        yield _wears("a necklace")
    if face.lipstick and shown & {"u_lip", "l_lip"}:
        yield _wears("lipstick")
    if face.eyeshadow and shown & {"l_eye", "r_eye"}:
        yield _wears("eye shadow", "eyeshadow")
    if face.blush and "skin" in shown:
        yield (*_wears("blush"), *_has("rosy cheeks"))


def _doings(face: Face, shown: Set[str]) -> Iterator[Words]:
    if shown & {"u_lip", "l_lip", "mouth"}:
        yield tuple(Phrase(verb, text) for verb, text in EXPRESSIONS[face.expression])
    yield _direction(face)
    if shown & {"l_eye", "r_eye"}:
        if face.eyes_closed:
            yield _has("closed eyes", "both eyes closed")
        elif face.gaze != "camera":
            yield _is(GAZES[face.gaze])


def _skin(face: Face) -> Words:
    tones = SKIN[face.monk - 1]
    return _has(*(f"{tone} skin" for tone in tones), f"{_article(tones[0])} {tones[0]} complexion")


def _hair(face: Face, draw: np.random.Generator) -> Words:
    """Length, style and colour, or some of them."""
    color = _pick(COLORS.get(face.hair_color, (face.hair_color,)), draw)
    length = _pick(LENGTHS.get(face.hair_length, ("",)), draw)
    cut = face.hair_style in CUTS
    full = " ".join(filter(None, (length, "" if cut else face.hair_style, color)))
    shapes = CUTS.get(face.hair_style, ("{} hair",))
    # A cut such as "buzz cut" or "bob" tells the length.
    texts = [shape.format(color if cut else full) for shape in shapes]
    return _has(*texts, *texts, f"{color} hair")


def _glasses(face: Face) -> Words:
    """Shape and the frame's colour, or one of them: a colour is not only one of hair."""
    names = ("sunglasses",) if face.glasses == "sunglasses" else ("glasses", "eyeglasses")
    shape, color = face.glasses_shape, mix_looks(face).frame
    kinds = (shape, f"{color} {shape}".strip(), color)
    return _wears(*(f"{kind} {name}".strip() for kind in kinds for name in names))


def _direction(face: Face) -> Words:
    if abs(face.yaw) <= FACING:
        return _is("facing the camera", "facing forward")
    side = "right" if face.yaw > 0 else "left"
    return _is(f"facing {side}", f"turned to the {side}")


def _sentences(face: Face, phrases: Sequence[Phrase], draw: np.random.Generator) -> str:
    """One to three sentences that name the phrases in their order, as far as verbs allow."""
    count = min(len(phrases), max(1, -(-len(phrases) // 4)))
    parts = [phrases[n::count] for n in range(count)]
    sentences = [f"{_subject(face, draw)} {_predicate(parts[0], draw)}."]
    sentences += [f"{PRONOUNS[face.gender]} {_predicate(part, draw)}." for part in parts[1:]]
    return " ".join(sentences)


def _subject(face: Face, draw: np.random.Generator) -> str:
    noun = _pick(NOUNS[face.gender], draw)
    age = _age(face, draw)
    return _pick(
        (PRONOUNS[face.gender], f"This {noun}", f"The {noun}", f"This {age} {noun}",
         f"The {age} {noun}", f"{_article(age).capitalize()} {age} {noun}"),
        draw,
    )  # fmt: skip


def _predicate(phrases: Sequence[Phrase], draw: np.random.Generator) -> str:
    """``has A, B, and C and is wearing D``."""
    words = {"has": "has", "is": "is", "wears": _pick(("wears", "is wearing"), draw)}
    clauses = [
        f"{words[verb]} {_listed([p.text for p in phrases if p.verb == verb])}"
        for verb in dict.fromkeys(phrase.verb for phrase in phrases)
    ]
    return _listed(clauses)


def _listed(texts: Sequence[str]) -> str:
    if len(texts) < 3:
        return " and ".join(texts)
    return f"{', '.join(texts[:-1])}, and {texts[-1]}"


def _noun_phrase(face: Face, phrases: Sequence[Phrase], draw: np.random.Generator) -> str:
    """``a young man with dark skin, short black hair, smiling``: what he has or wears first."""
    noun = _pick(NOUNS[face.gender], draw)
    age = _age(face, draw)
    decade = DECADES.get(int(face.years // 10))
    heads = [f"{_article(age)} {age} {noun}"]
    if decade:
        heads.append(f"a {noun} in {POSSESSIVES[face.gender]} {decade}")
    things = [phrase.text for phrase in phrases if phrase.verb != "is"]
    states = [phrase.text for phrase in phrases if phrase.verb == "is"]
    head = _pick(heads, draw) + (f" with {', '.join(things)}" if things else "")
    return ", ".join([head, *states])


def _age(face: Face, draw: np.random.Generator) -> str:
    return _pick(next(words for below, words in AGES if face.years < below), draw)


def _has(*texts: str) -> Words:
    return tuple(Phrase("has", text) for text in texts)


def _is(*texts: str) -> Words:
    return tuple(Phrase("is", text) for text in texts)


def _wears(*texts: str) -> Words:
    return tuple(Phrase("wears", text) for text in texts)


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _pick(options: Sequence[_Option], draw: np.random.Generator) -> _Option:
    return options[int(draw.integers(len(options)))]
