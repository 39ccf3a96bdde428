"""How the 20 experts are to be heard: muted, stronger, weaker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

from facemogle.masks.regions import NUM_EXPERTS, NUM_REGIONS, REGIONS
from facemogle.runs.checks import check_choices

LocalMasks = Literal["regions", "empty"]

MAX_STRENGTH = 100
"""An expert 100 times as strong has all the weight; far more would overflow half precision."""

UNTOUCHED = (1.0,) * NUM_EXPERTS
"""The strengths that leave the gate's weights as they are."""

_REGIONS = tuple(region.name for region in REGIONS)
_EXPERTS = ("global", *_REGIONS)


@dataclass(frozen=True)
class Experts:
    """What the experts see, and how much of them is heard.

    muted: regions that are hidden from all experts, as none had been painted there.
    strengths: factors on the gate's weights, the global expert's first, 0 to 100; 1 = untouched.
    local_masks: "regions", or "empty": black images for all local experts, as the authors'
        inference scripts have them.
    Raises ValueError.
    """

    muted: tuple[int, ...] = ()
    strengths: tuple[float, ...] = UNTOUCHED
    local_masks: LocalMasks = "regions"

    def __post_init__(self) -> None:
        object.__setattr__(self, "muted", _check_muted(self.muted))
        object.__setattr__(self, "strengths", _check_strengths(self.strengths))
        check_choices("local_masks", [self.local_masks], get_args(LocalMasks))

    @property
    def are_reweighted(self) -> bool:
        """Whether strengths change anything; if not, not a bit may change."""
        return any(strength != 1 for strength in self.strengths)


def read_muted(text: str) -> tuple[int, ...]:
    """Indices of the regions that a text names: "hair, l_eye". Raises ValueError."""
    return tuple(_index("mute", name, _REGIONS) for name in _words(text))


def read_strengths(text: str) -> tuple[float, ...]:
    """Factors for the 20 experts: "global=0.5, l_eye=2"; 1 for those that it does not name.

    Raises ValueError.
    """
    strengths = list(UNTOUCHED)
    for word in _words(text):
        name, _, factor = word.partition("=")
        expert = _index("strength", name, _EXPERTS)
        try:
            strengths[expert] = float(factor)
        except ValueError:
            raise ValueError(f"strength: {word!r} has no number; write {name}=2.") from None
    return _check_strengths(strengths)


def _check_muted(muted: Iterable[int]) -> tuple[int, ...]:
    regions = tuple(muted)
    for region in regions:
        if not isinstance(region, Integral) or not 0 <= region < NUM_REGIONS:
            raise ValueError(
                f"muted names the region {region!r}: regions are whole numbers from 0 "
                f"(background) to {NUM_REGIONS - 1} (clothes)."
            )
    return regions


def _check_strengths(strengths: Iterable[float]) -> tuple[float, ...]:
    factors = tuple(strengths)
    if len(factors) != NUM_EXPERTS:
        raise ValueError(
            f"expert_strengths has {len(factors)} values: give {NUM_EXPERTS}, the global "
            "expert's and then the regions' in their order."
        )
    for name, factor in zip(_EXPERTS, factors, strict=True):
        if not (isinstance(factor, Real) and 0 <= factor <= MAX_STRENGTH):
            raise ValueError(
                f"expert_strengths has {factor!r} for {name}: give a number from 0 to "
                f"{MAX_STRENGTH}, 1 = untouched."
            )
    if not any(factors):
        raise ValueError("expert_strengths are all 0: leave at least one expert above 0.")
    return factors


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,]+", text)


def _index(what: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ValueError(f"{what}: {name!r} is unknown; take {', '.join(names)}.")
    return names.index(name)
