"""How scalp hair is cut and combed. Lengths are decimetres on the average head."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fall:
    """Hair that lies over the head and then falls.

    level: height under the head's centre where it ends. volume: how far it lies off the head.
    wave: how far it swings sideways; curl: radius of ringlets; turns: swings or rings a decimetre.
    """

    level: float
    volume: float = 0.3
    wave: float = 0.0
    curl: float = 0.0
    turns: float = 1.0
    width: float = 0.2
    count: int = 520
    steps: int = 24


@dataclass(frozen=True)
class Flow:
    """Short hair, combed over the head.

    comb: direction (away from the part, up, forward). lift: share of the skin's normal in it at
    the roots. volume: how far locks lie off the head. part: whether it is combed away from a line.
    curl: radius of curls, of ``turns``. sides: how short the sides are, as a share.
    """

    length: float
    comb: tuple[float, float, float]
    lift: float
    volume: float
    part: bool = False
    curl: float = 0.0
    turns: float = 0.0
    sides: float = 0.5
    width: float = 0.09
    count: int = 1300
    steps: int = 6


@dataclass(frozen=True)
class Coils:
    """Hair so curly that it stands as a cloud. volume: its thickness. size: radius of a coil."""

    volume: float
    size: float = 0.055
    width: float = 0.035
    count: int = 3600
    steps: int = 7


Cut = Fall | Flow | Coils

CUTS: dict[str, Cut] = {
    "buzz": Flow(0.08, (0.1, 0.1, 0.5), 0.6, 0.02, sides=0.8, width=0.032, count=3400, steps=3),
    "crop": Flow(0.52, (0.2, 0.2, 0.8), 0.5, 0.36),
    "side part": Flow(0.85, (1, 0.25, 0.1), 0.5, 0.42, part=True, width=0.09, count=1500),
    "combed back": Flow(1.05, (0.1, 0.3, -1), 0.42, 0.34, width=0.08, count=1700, steps=7),
    "short curls": Flow(
        0.6, (0.2, 0.1, 0.2), 0.9, 0.42, curl=0.06, turns=1.5, sides=0.6, width=0.07, count=1200,
        steps=9,
    ),
    "afro": Coils(0.85),
    "curls": Fall(1.15, 0.62, curl=0.1, turns=1.7, width=0.08, count=760, steps=34),
    "waves": Fall(1.35, 0.48, wave=0.07, turns=1.0),
    "long waves": Fall(2.8, 0.5, wave=0.09, turns=0.8, steps=28),
    "long curls": Fall(2.6, 0.6, curl=0.1, turns=1.5, width=0.085, count=700, steps=42),
    "straight": Fall(1.3, 0.38, wave=0.008),
    "long straight": Fall(2.8, 0.38, wave=0.01, steps=26),
}  # fmt: skip
"""By Face.hair_cut; other cuts are meshes, or no hair at all."""


def facing(name: str) -> float:
    """How far the locks of a cut turn to the eye: ringlets do, the others lie on the head."""
    cut = CUTS[name]
    return 1.0 if isinstance(cut, Coils) or cut.curl > 0 else 0.35
