"""Names of MakeHuman's morphs that tell faces apart, and which of them make an expression."""

from __future__ import annotations

Pair = tuple[str, str, float]
"""Ends of the names of two opposite morphs, and the mean weight: positive = of the second."""


def _both(*names: str, middles: dict[str, float] | None = None) -> tuple[Pair, ...]:
    """``a b/c``: the pair a-b and a-c."""
    pairs = []
    for name in names:
        stem, _, ends = name.rpartition(" ")
        less, more = ends.split("/")
        pairs.append((f"{stem}-{less}", f"{stem}-{more}", (middles or {}).get(stem, 0.0)))
    return tuple(pairs)


ONE_SIDED: dict[str, tuple[Pair, ...]] = {
    "head": _both(
        "age decr/incr", "fat decr/incr", "scale-depth decr/incr", "scale-horiz decr/incr",
        "scale-vert decr/incr",
    ),
    "forehead": _both(
        "nubian decr/incr", "scale-vert decr/incr", "temple decr/incr", "trans backward/forward"
    ),
    "chin": _both(
        "bones decr/incr", "height decr/incr", "jaw-drop decr/incr", "prominent decr/incr",
        "width decr/incr", "prognathism decr/incr",
    ),
    "nose": _both(
        "base down/up", "curve concave/convex", "flaring decr/incr", "greek decr/incr",
        "hump decr/incr", "point down/up", "point-width decr/incr", "scale-depth decr/incr",
        "scale-horiz decr/incr", "scale-vert decr/incr", "volume decr/incr", "width1 decr/incr",
        "width2 decr/incr", "width3 decr/incr", "septumangle decr/incr",
    ),
    "mouth": _both(
        "angles down/up", "cupidsbow decr/incr", "lowerlip-height decr/incr",
        "lowerlip-volume decr/incr", "upperlip-height decr/incr", "upperlip-volume decr/incr",
        "scale-horiz decr/incr", "scale-depth decr/incr", "trans down/up",
        "philtrum-volume decr/incr",
        middles={"scale-horiz": 0.3, "upperlip-height": 0.18, "lowerlip-height": 0.15,
                 "upperlip-volume": 0.1},
    ),
    "eyebrows": _both("angle down/up", "trans down/up", "trans backward/forward"),
    "neck": _both(
        "double decr/incr", "scale-horiz decr/incr", "scale-vert decr/incr",
        "scale-depth decr/incr", middles={"scale-vert": -0.25},
    ),
}  # fmt: skip
"""By group; the full name is ``nose/nose-hump-decr``."""

BOTH_SIDES: tuple[tuple[str, str, tuple[Pair, ...]], ...] = (
    ("eyes", "eye", _both(
        "bag decr/incr", "corner1 down/up", "corner2 down/up", "epicanthus in/out",
        "eyefold concave/convex", "eyefold down/up", "height1 decr/incr", "height2 decr/incr",
        "height3 decr/incr", "scale decr/incr", "trans in/out", "trans down/up",
        middles={"scale": 0.3, "height2": 0.15},
    )),
    ("ears", "ear", _both("scale decr/incr", "wing decr/incr", "lobe decr/incr",
                          "rot backward/forward")),
    ("cheek", "cheek", _both("bones decr/incr", "inner decr/incr", "volume decr/incr")),
)  # fmt: skip
"""Folder, part and pairs; the full name is ``eyes/l-eye-bag-decr``."""

ASYMMETRIES = tuple(
    f"asym/asym-{part}-{number}-{side}"
    for part, count in (
        ("brown", 2), ("cheek", 2), ("ear", 4), ("eye", 8), ("jaw", 3), ("mouth", 2), ("nose", 4),
        ("temple", 2), ("top", 2),
    )
    for number in range(1, count + 1)
    for side in "lr"
)  # fmt: skip

_SMILING = {"eye-left-slit": (0.2, 0.3), "eye-right-slit": (0.2, 0.3)}

UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "neutral": {},
    "slight smile": {"mouth-corner-puller": (0.25, 0.5)},
    "smile": {"mouth-corner-puller": (0.6, 1), **_SMILING},
    "open smile": {
        "mouth-corner-puller": (0.7, 1), "mouth-parling": (0.35, 0.7), "mouth-open": (0.12, 0.3),
        "mouth-elevation": (0.25, 0.5), **_SMILING,
    },
    "mouth open": {"mouth-open": (0.2, 0.45), "mouth-parling": (0, 0.4)},
    "surprised": {
        "mouth-open": (0.35, 0.65), "eyebrows-left-up": (0.7, 0.9), "eyebrows-right-up": (0.7, 0.9),
        "eye-left-opened-up": (0.5, 0.8), "eye-right-opened-up": (0.5, 0.8),
    },
    "frown": {
        "eyebrows-left-down": (0.7, 1), "eyebrows-right-down": (0.7, 1),
        "mouth-depression": (0.1, 0.4),
    },
    "sad": {
        "eyebrows-left-inner-up": (0.7, 1), "eyebrows-right-inner-up": (0.7, 1),
        "mouth-depression": (0.3, 0.6),
    },
}  # fmt: skip
"""By expression: its morphs and the lowest and highest weight of each."""
