"""Experts by name, as people write them on a command line or to the API."""

from __future__ import annotations

import re
from collections.abc import Sequence

from facemogle.masks.regions import NUM_EXPERTS, REGIONS
from facemogle.runs.request import check_strengths

_REGIONS = tuple(region.name for region in REGIONS)
_EXPERTS = ("global", *_REGIONS)


def read_muted(text: str) -> tuple[int, ...]:
    """Indices of the regions that a text names: "hair, l_eye". Raises ValueError."""
    return tuple(_index("mute", name, _REGIONS) for name in _words(text))


def read_strengths(text: str) -> tuple[float, ...]:
    """Factors for the 20 experts: "global=0.5, l_eye=2"; 1 for those that it does not name.

    Raises ValueError.
    """
    strengths = [1.0] * NUM_EXPERTS
    for word in _words(text):
        name, _, factor = word.partition("=")
        expert = _index("strength", name, _EXPERTS)
        try:
            strengths[expert] = float(factor)
        except ValueError:
            raise ValueError(f"strength: {word!r} has no number; write {name}=2.") from None
    return check_strengths(strengths)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,]+", text)


def _index(what: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"{what}: {name!r} is unknown; take {', '.join(names)}.")
    return names.index(name)
