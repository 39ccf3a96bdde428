"""Weights in a prompt, in AUTOMATIC1111's notation: (red hair:1.4), ((black hair)), [glasses]."""

from __future__ import annotations

import re
from dataclasses import dataclass

STEP = 1.1
"""What a pair of round brackets multiplies a weight by, and square brackets divide it by."""

_PAIRS = {")": "(", "]": "["}
_NUMBER = re.compile(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$")
_LONGEST_NUMBER = 32
_HUGE = 1e6


@dataclass(frozen=True)
class Letters:
    """A prompt without its notation of weights, letter by letter.

    text: the L letters. places: index of each in the prompt. weights: of each, as asked for.
    """

    text: str
    places: tuple[int, ...]
    weights: tuple[float, ...]


def read_weights(prompt: str) -> Letters:
    """Take brackets and numbers out of a prompt; brackets without a partner are letters.

    A backslash before a bracket makes it a letter, too. Words that only brackets kept apart
    are kept apart by a space.
    """
    closings = _matched(prompt)
    factors = {opening: factor for opening, factor, _ in closings.values()}
    skipped = {place for _, _, number in closings.values() for place in number}
    text: list[str] = []
    places: list[int] = []
    weights: list[float] = []
    within, gap = [1.0], None
    for place, letter in enumerate(prompt):
        if place in factors:
            # Bounded, as thousands of brackets would make it infinite, and 0 of that is no number.
            within.append(max(-_HUGE, min(within[-1] * factors[place], _HUGE)))
            gap = place
        elif place in closings:
            within.pop()
            gap = place
        elif place not in skipped and not _is_unread(prompt, place):
            if gap is not None and text and text[-1].isalnum() and letter.isalnum():
                text.append(" ")
                places.append(gap)
                weights.append(1.0)
            text.append(letter)
            places.append(place)
            weights.append(within[-1])
            gap = None
    return Letters("".join(text), tuple(places), tuple(weights))


def _matched(prompt: str) -> dict[int, tuple[int, float, range]]:
    """By place of a closing bracket: its partner's place, the factor, the places of its number."""
    found = {}
    opened: list[int] = []
    for place, letter in enumerate(prompt):
        if letter in "()[]" and place and _is_escape(prompt, place - 1):
            continue
        if letter in "([":
            opened.append(place)
        elif letter in _PAIRS and opened and prompt[opened[-1]] == _PAIRS[letter]:
            opening, factor, number = opened.pop(), 1 / STEP, range(0)
            if letter == ")":
                start = max(opening + 1, place - _LONGEST_NUMBER)
                match = _NUMBER.search(prompt, start, place)
                factor = STEP if match is None else float(match[1])
                number = range(0) if match is None else range(*match.span())
            found[place] = (opening, factor, number)
    return found


def _is_unread(prompt: str, place: int) -> bool:
    """Whether it is no letter of the text: an escape, or half an emoji, which tokenizers refuse."""
    return _is_escape(prompt, place) or "\ud800" <= prompt[place] <= "\udfff"


def _is_escape(prompt: str, place: int) -> bool:
    return prompt[place] == "\\" and prompt[place + 1 : place + 2] in ("(", ")", "[", "]")
