"""How scalp hair is cut and combed. Lengths are decimetres on the average head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.render.face import Face
from facemogle.render.geometry import smooth_step


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


@dataclass(frozen=True)
class Fringe:
    """Bangs: hair from the top that falls over the forehead. curl, wave, turns: as in a Fall."""

    curl: float = 0.0
    wave: float = 0.0
    turns: float = 1.0
    width: float = 0.06
    count: int = 420
    steps: int = 12


Cut = Fall | Flow | Coils | Fringe

CUTS: dict[str, Cut] = {
    "buzz": Flow(0.08, (0.1, 0.1, 0.5), 0.6, 0.02, sides=0.8, width=0.032, count=3400, steps=3),
    "crop": Flow(0.55, (0.2, 0.2, 0.8), 0.5, 0.38, width=0.07, count=1900),
    "side part": Flow(0.85, (1, 0.25, 0.1), 0.5, 0.44, part=True, width=0.07, count=2200),
    "combed back": Flow(1.05, (0.1, 0.3, -1), 0.42, 0.36, width=0.06, count=2500, steps=7),
    "short curls": Flow(
        0.6, (0.2, 0.1, 0.2), 0.9, 0.42, curl=0.06, turns=1.5, sides=0.6, width=0.07, count=1200,
        steps=9,
    ),
    "afro": Coils(0.85),
    "curls": Fall(1.15, 0.62, curl=0.1, turns=1.7, width=0.08, count=760, steps=44),
    "waves": Fall(1.35, 0.48, wave=0.07, turns=1.0),
    "long waves": Fall(2.8, 0.5, wave=0.09, turns=0.8, steps=28),
    "long curls": Fall(2.6, 0.6, curl=0.1, turns=1.5, width=0.085, count=700, steps=54),
    "straight": Fall(1.3, 0.38, wave=0.008),
    "long straight": Fall(2.8, 0.38, wave=0.01, steps=26),
}  # fmt: skip
"""By Face.hair_cut; other cuts are meshes, or no hair at all."""

PARTING = 0.022
"""Width of a parting, decimetres."""


def has_parting(cut: Cut) -> bool:
    """Whether hair falls away from a line that shows the skin."""
    return isinstance(cut, Fall) or (isinstance(cut, Flow) and cut.part)


def bangs_of(name: str) -> Fringe:
    """The bangs that go with a cut, curly if it is; `name` as in Face.hair_cut."""
    cut = CUTS.get(name)
    if not isinstance(cut, Fall):
        return Fringe()
    return Fringe(0.5 * cut.curl, 0.4 * cut.wave, cut.turns)


def parting(face: Face) -> float:
    """Where hair is parted: decimetres to the left of the middle line, before any mirroring."""
    draw = face.draw("fringe")
    draw.random()  # decides on bangs
    middle, side = draw.normal(0, 0.03), draw.uniform(0.18, 0.42)
    cut = CUTS.get(face.hair_cut)
    return side if draw.random() < 0.6 or isinstance(cut, Flow) else middle


def off_parting(face: Face, place: np.ndarray) -> np.ndarray:
    """How far to the left of the parting places (N, 3) are, from the head's centre: (N,).

    The parting runs straight over the front and turns to the middle at the back.
    """
    return place[:, 0] - parting(face) * smooth_step(-0.3, 0.3, place[:, 2])


def facing(cut: Cut) -> float:
    """How far the locks of a cut turn to the eye: ringlets do, the others lie on the head."""
    return 1.0 if isinstance(cut, Coils) or cut.curl > 0 else 0.35
