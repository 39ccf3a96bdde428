"""A face as a list of attributes, drawn at random: no image yet, and no assets needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from facemogle.render.traits import ASYMMETRIES, BOTH_SIDES, ONE_SIDED, UNITS

PARTS = (
    "person", "shape", "look", "pose", "light", "background", "hair", "skin", "worn", "words",
    "even", "flyaways", "fringe", "wisps",
)  # fmt: skip
"""Streams of random numbers. Each part of a face has its own, so that a change to one part leaves
the others as they were."""

CUTS = {
    "bald": ("bald", ""),
    "buzz": ("buzz cut", "short"),
    "crop": ("straight", "short"),
    "side part": ("side-parted", "short"),
    "combed back": ("slicked-back", "short"),
    "short curls": ("curly", "short"),
    "afro": ("afro", "medium"),
    "curls": ("curly", "medium"),
    "waves": ("wavy", "medium"),
    "long waves": ("wavy", "long"),
    "long curls": ("curly", "long"),
    "straight": ("straight", "medium"),
    "long straight": ("straight", "long"),
    "bob02": ("bob", "medium"),
    "braid01": ("braid", "long"),
    "long01": ("straight", "long"),
    "ponytail01": ("ponytail", "long"),
    "short01": ("curly", "short"),
    "short02": ("tousled", "short"),
    "short03": ("swept fringe", "short"),
    "short04": ("slicked-back", "short"),
}
"""Hair by name: style and length in words. Names with a number are MakeHuman's meshes."""

BULKY = ("afro", "curls", "short curls", "combed back", "long curls")

FOR_BANGS = (
    "waves", "long waves", "long curls", "curls", "straight", "long straight", "ponytail01",
)  # fmt: skip
"""Cuts that leave room for bangs and have no fringe of their own."""

FRINGES = {"bob02": "straight", "short03": "crop"}
"""Cuts that hide an eye, and what those who wear glasses have instead."""

WOMEN = {
    "waves": 1.8, "long waves": 2.2, "long curls": 1.0, "curls": 1.0, "straight": 1.3,
    "long straight": 1.6, "afro": 0.7, "short curls": 0.4, "combed back": 0.3, "side part": 0.3,
    "bob02": 0.7, "braid01": 0.8, "long01": 1.3, "ponytail01": 0.9, "short01": 0.3, "short02": 0.7,
    "short03": 0.3, "buzz": 0.1,
}  # fmt: skip
MEN = {
    "crop": 2.4, "side part": 2.3, "combed back": 1.2, "short curls": 1.4, "afro": 0.6,
    "buzz": 0.8, "bald": 0.5, "waves": 0.6, "long straight": 0.4, "curls": 0.5, "short01": 0.4,
    "short02": 1.0, "short03": 0.3, "short04": 0.4,
}  # fmt: skip


@dataclass(frozen=True)
class Face:
    """Everything that can be said of a face. Turns are in degrees, shares go from 0 to 1.

    years: from 25 on. male: share of the male shape. races: shares of MakeHuman's shape families.
    monk: skin tone, 1 (lightest) to 10. targets, units: weights of shape and expression morphs.
    hair_cut: key of CUTS. hair_style, hair_length: its words. receding: how far the hairline is
    back. bangs: whether hair falls over the forehead. gaze: "camera", or where to in the image.
    yaw: positive = to the image's right; pitch: positive = up; roll: of the image.
    mirrored: whether the image is flipped at the end, which turns asymmetric styles.
    """

    seed: int
    index: int
    gender: str
    years: int
    male: float
    races: dict[str, float]
    muscle: float
    weight: float
    monk: int
    targets: dict[str, float]
    expression: str
    units: dict[str, float]
    eyes_closed: bool
    gaze: str
    hair_cut: str
    hair_style: str
    hair_length: str
    hair_color: str
    receding: float
    bangs: bool
    beard: str
    brows: str
    freckles: bool
    lipstick: bool
    eyeshadow: bool
    blush: bool
    glasses: str
    glasses_shape: str
    hat: str
    earrings: bool
    necklace: bool
    clothes: str
    background: str
    yaw: float
    pitch: float
    roll: float
    mirrored: bool

    def draw(self, part: str) -> np.random.Generator:
        """The random numbers of one of the PARTS, from their start."""
        return _stream(self.seed, self.index, part)

    def attributes(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


def sample_face(seed: int, index: int, *, is_even: bool = False) -> Face:
    """Draw face number ``index`` of a seed: always the same face. Both from 0 on.

    is_even: rare looks are about as frequent as common ones, so that training meets the words for
        them often enough: among people at large one in forty has red hair.
    """
    person = _person(_stream(seed, index, "person"))
    shape = _shape(_stream(seed, index, "shape"))
    look = _look(_stream(seed, index, "look"), person)
    if is_even:
        even = _even_look(_stream(seed, index, "even"), person["gender"] == "man", look)
        person, look = person | even.pop("person"), look | even
    pose = _pose(_stream(seed, index, "pose"))
    bangs = _has_bangs(_stream(seed, index, "fringe"), look)
    return Face(seed=seed, index=index, **person, **shape, **look, **pose, bangs=bangs)


def _stream(seed: int, index: int, part: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((seed, index, PARTS.index(part))))


def _person(draw: np.random.Generator) -> dict[str, Any]:
    woman = bool(draw.random() < 0.5)
    years = 25 + 60 * draw.beta(0.9, 1.6)
    races = draw.dirichlet([0.45] * 3)
    # Every tone for every shape: the family moves the middle, but nothing is out of reach.
    middle = races @ (7.5, 4.5, 3.0)
    monk = (
        draw.integers(1, 11) if draw.random() < 0.35 else np.clip(draw.normal(middle, 1.4), 1, 10)
    )
    return {
        "gender": "woman" if woman else "man",
        "years": round(years),
        "male": _round(draw.uniform(0, 0.12) if woman else draw.uniform(0.86, 1)),
        "races": dict(
            zip(("african", "asian", "caucasian"), map(_round, races.tolist()), strict=True)
        ),
        "muscle": _round(draw.uniform(0.35, 0.65)),
        "weight": _round(draw.uniform(0.3, 0.8)),
        "monk": round(float(monk)),
    }


def _shape(draw: np.random.Generator) -> dict[str, Any]:
    targets: dict[str, float] = {}
    for group, pairs in ONE_SIDED.items():
        spread, most = (0.22, 0.65) if group in ("nose", "mouth", "chin") else (0.14, 0.4)
        for less, more, middle in pairs:
            weight = np.clip(draw.normal(middle, spread), -most, most)
            targets[f"{group}/{group}-{more if weight > 0 else less}"] = abs(weight)
    for group, part, pairs in BOTH_SIDES:
        for less, more, middle in pairs:
            weight = np.clip(draw.normal(middle, 0.25), -0.7, 0.7)
            for side in "lr":
                name = f"{group}/{side}-{part}-{more if weight > 0 else less}"
                targets[name] = abs(weight) * draw.uniform(0.9, 1.1)
    for outline in ("oval", "round", "square", "triangular", "rectangular", "diamond"):
        if draw.random() < 0.2:
            targets[f"head/head-{outline}"] = draw.uniform(0.1, 0.35)
    for name in ASYMMETRIES:
        if draw.random() < 0.1:
            targets[name] = draw.uniform(0.1, 0.5)
    expression = str(draw.choice(list(UNITS), p=(0.26, 0.2, 0.19, 0.16, 0.06, 0.05, 0.05, 0.03)))
    units = {
        name: _round(draw.uniform(low, high)) for name, (low, high) in UNITS[expression].items()
    }
    closed = bool(draw.random() < 0.03)
    if closed:
        units = {name: weight for name, weight in units.items() if not name.startswith("eye-")}
        units |= {"eye-left-closure": 1.0, "eye-right-closure": 1.0}
    return {
        "targets": {name: _round(weight) for name, weight in targets.items() if weight > 0.02},
        "expression": expression,
        "units": units,
        "eyes_closed": closed,
    }


def _look(draw: np.random.Generator, person: dict[str, Any]) -> dict[str, Any]:
    man = person["gender"] == "man"
    years, monk = person["years"], person["monk"]
    cuts = MEN if man else WOMEN
    weights = np.array(list(cuts.values()))
    cut = str(draw.choice(list(cuts), p=weights / weights.sum()))
    if cut == "bald" and years < 35 and draw.random() < 0.5:
        cut = "crop"
    made_up = not man and draw.random() < 0.6
    hat = _weighted(draw, none=94, beanie=1.7, fedora=1, cap=1.7, headscarf=0 if man else 1.7)
    if hat != "none" and (cut in BULKY or cut[-1].isdigit()):  # a hat would not fit over it
        cut = "crop" if man else "long straight"
    beard = "none"
    if man:
        beard = _weighted(draw, none=42, stubble=26, moustache=6, goatee=9, **{"full beard": 17})
    glasses = _weighted(draw, none=83, eyeglasses=13.5, sunglasses=3.5)
    shape = _weighted(
        draw, round=2, oval=2, rectangular=2, square=2, aviator=3 * (glasses == "sunglasses"),
        **{"cat-eye": not man},
    )  # fmt: skip
    if glasses != "none" and cut in FRINGES:  # the fringe would cut through them
        cut = FRINGES[cut]
    style, length = CUTS[cut]
    return {
        "hair_cut": cut,
        "hair_style": style,
        "hair_length": length,
        "hair_color": _hair_color(draw, years, monk),
        "receding": _round(draw.uniform(0.2, 1) if man and draw.random() < years / 110 else 0),
        "beard": beard,
        "brows": _weighted(draw, thin=1 if man else 2, medium=3, thick=2 if man else 1),
        "freckles": bool(monk <= 5 and draw.random() < 0.12),
        "lipstick": bool(made_up and draw.random() < 0.85),
        "eyeshadow": bool(made_up and draw.random() < 0.55),
        "blush": bool(made_up and draw.random() < 0.6),
        "glasses": glasses,
        "glasses_shape": "" if glasses == "none" else shape,
        "hat": hat,
        "earrings": bool(draw.random() < (0.04 if man else 0.38) and hat != "headscarf"),
        "necklace": bool(draw.random() < (0.05 if man else 0.26) and hat != "headscarf"),
        "clothes": _weighted(draw, shirt=6, suit=4),
        "background": _weighted(draw, plain=3, gradient=3, bokeh=3, room=3, foliage=2, sky=1.2),
    }


def _even_look(draw: np.random.Generator, man: bool, look: dict[str, Any]) -> dict[str, Any]:
    """What takes the place of a look's attributes where rare ones are to be frequent.

    look: of the same face. ``person`` holds what belongs to the person.
    """
    cuts = MEN if man else WOMEN
    cut = str(draw.choice([name for name in cuts if not name[-1].isdigit()]))
    hat = _weighted(draw, none=70, beanie=9, fedora=6, cap=9, headscarf=0 if man else 6)
    if hat != "none" and cut in BULKY:
        cut = "crop" if man else "long straight"
    beard = "none"
    if man:
        beard = _weighted(draw, none=3, stubble=2, moustache=2, goatee=2, **{"full beard": 2})
    glasses = _weighted(draw, none=70, eyeglasses=20, sunglasses=10)
    shape = look["glasses_shape"] or _weighted(draw, round=1, oval=1, rectangular=1, square=1)
    monk = int(draw.integers(1, 11))
    color = draw.choice(
        ["black", "dark brown", "brown", "light brown", "blond", "platinum blond", "red", "auburn",
         "gray", "white", "blue", "pink"]
    )  # fmt: skip
    style, length = CUTS[cut]
    return {
        "person": {"monk": monk, "years": int(draw.integers(25, 86))},
        "hair_cut": cut,
        "hair_style": style,
        "hair_length": length,
        "hair_color": str(color),
        "beard": beard,
        "freckles": bool(monk <= 5 and draw.random() < 0.4),
        "lipstick": bool(not man and draw.random() < 0.5),
        "eyeshadow": bool(not man and draw.random() < 0.5),
        "blush": bool(not man and draw.random() < 0.5),
        "glasses": glasses,
        "glasses_shape": "" if glasses == "none" else shape,
        "hat": hat,
        "earrings": bool(draw.random() < (0.15 if man else 0.5) and hat != "headscarf"),
        "necklace": bool(draw.random() < (0.15 if man else 0.5) and hat != "headscarf"),
    }


def _has_bangs(draw: np.random.Generator, look: dict[str, Any]) -> bool:
    there = look["hair_cut"] in FOR_BANGS and look["hat"] == "none" and look["receding"] == 0
    return bool(there and draw.random() < 0.4)


def _hair_color(draw: np.random.Generator, years: int, monk: int) -> str:
    gray = np.clip((years - 42) / 32, 0, 0.85)
    if draw.random() < gray:
        return _weighted(draw, gray=3, white=1 + (years > 65) * 2)
    if draw.random() < 0.025:
        return _weighted(draw, blue=1, pink=1)
    if monk >= 6 and draw.random() < 0.88:
        return _weighted(draw, black=6, **{"dark brown": 4})
    return _weighted(
        draw, black=2, brown=3, blond=2.6, red=0.7, auburn=0.8,
        **{"dark brown": 2.6, "light brown": 1.8, "platinum blond": 0.5},
    )  # fmt: skip


def _pose(draw: np.random.Generator) -> dict[str, Any]:
    away = {"left": 1, "right": 1, "up": 0.4, "down": 0.6}
    return {
        "yaw": _round(np.clip(draw.normal(0, 12), -40, 40)),
        "pitch": _round(np.clip(draw.normal(0, 5), -13, 13)),
        "roll": _round(np.clip(draw.normal(0, 2), -6, 6)),
        "gaze": "camera" if draw.random() < 0.75 else _weighted(draw, **away),
        "mirrored": bool(draw.random() < 0.5),
    }


def _weighted(draw: np.random.Generator, **weights: float) -> str:
    shares = np.array([float(weight) for weight in weights.values()])
    return str(draw.choice(list(weights), p=shares / shares.sum()))


def _round(number: float) -> float:
    return round(float(number), 3)
