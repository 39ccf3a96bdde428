"""Hair as strands: grown on the scalp, in the beard and on the brows.

A strand is a row of points with a width and a colour at each. Growth happens on the upright head,
whose centre is the origin; lengths are decimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from facemogle.render.anatomy import Anatomy, Roots, shell_cells, shell_radius
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, smooth_step, unit


@dataclass(frozen=True)
class Strands:
    """points, normals, colors: float32 (N, K, 3), colours linear. widths: float32 (N, K)."""

    points: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    widths: np.ndarray


@dataclass(frozen=True)
class Cut:
    """How scalp hair grows.

    length: decimetres, or, if ``level`` is set, at most; level: height under the head's centre
    where strands end. part: comb away from a line at about this x, or None for no part. comb:
    direction (outward, up, forward) at the roots. lift: share of the skin's normal in it.
    gravity: 0..1. curl: radius of the curls; turns: their number along a strand. volume: how far
    strands lie above the head.
    """

    length: float
    comb: tuple[float, float, float]
    lift: float
    gravity: float
    volume: float
    level: float | None = None
    part: float | None = None
    curl: float = 0.0
    turns: float = 0.0
    count: int = 4000
    steps: int = 8
    width: float = 0.026


CUTS = {
    "buzz": Cut(0.07, (0.1, 0.1, 0.5), 0.7, 0, 0.02, count=9000, steps=3, width=0.016),
    "crop": Cut(0.42, (0.25, 0.1, 0.8), 0.5, 0.15, 0.16, count=5200, steps=5, width=0.03),
    "side part": Cut(
        0.8, (1, 0.25, 0.1), 0.55, 0.25, 0.26, part=0.4, count=4200, steps=7, width=0.035
    ),
    "combed back": Cut(1.0, (0.1, 0.3, -1), 0.55, 0.2, 0.28, count=4200, steps=7, width=0.035),
    "short curls": Cut(
        0.55, (0.2, 0.1, 0.2), 0.95, 0.1, 0.34, curl=0.06, turns=1.6, count=4200, width=0.032
    ),
    "afro": Cut(
        1.15, (0.1, 0.1, -0.1), 1.0, 0.03, 0.95, curl=0.06, turns=3.5, count=3600, steps=12,
        width=0.035,
    ),
    "curls": Cut(
        2.0, (0.8, 0.2, -0.2), 0.8, 0.5, 0.6, level=1.1, part=0.1, curl=0.11, turns=3,
        steps=14, width=0.03,
    ),
    "waves": Cut(
        2.6, (1, 0.3, -0.1), 0.55, 0.6, 0.42, level=1.45, part=0.25, curl=0.05, turns=2, steps=14
    ),
    "long waves": Cut(
        4.2, (1, 0.3, -0.1), 0.55, 0.6, 0.44, level=2.9, part=0.2, curl=0.07, turns=3.2, steps=18
    ),
    "long curls": Cut(
        4.0, (1, 0.2, -0.1), 0.7, 0.55, 0.55, level=2.6, part=0.15, curl=0.12, turns=5, steps=22
    ),
    "straight": Cut(
        2.6, (1, 0.25, -0.15), 0.45, 0.7, 0.3, level=1.35, part=0.15, steps=12, curl=0.01, turns=1
    ),
    "long straight": Cut(
        4.2, (1, 0.25, -0.15), 0.45, 0.7, 0.32, level=2.9, part=0.05, steps=15, curl=0.012, turns=1
    ),
}  # fmt: skip
"""By Face.hair_cut; other cuts are meshes, or no hair at all."""

GUIDES = 220
"""Locks: strands near one of so many guides take its phase and bend towards it."""


def grow_hair(
    cut: Cut, face: Face, anatomy: Anatomy, pose: Pose, normals: np.ndarray, color: np.ndarray
) -> Strands:
    """Grow the scalp's hair. normals: of the upright body, (V, 3). color: linear, (3,)."""
    draw = face.draw("hair")
    shell, centre = anatomy.shell(pose)
    radius = shell_radius(shell, centre)
    roots = anatomy.scalp_roots
    rest = roots.on(anatomy.body)
    line = roots.values["hairline"] - recession(face, rest)
    chosen = np.flatnonzero(line > 0)[: cut.count]
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start = roots.on(pose.upright) - centre
    out = unit(roots.on(normals))
    count = len(chosen)
    guide = _nearest(start, start[: min(GUIDES, count)])
    lock = draw.random((min(GUIDES, count), 4))[guide]
    loose = draw.random((count, 4))

    part = 0.0 if cut.part is None else cut.part * draw.uniform(0.3, 1.4)
    wish = _combed(cut, start, part, draw)
    wish = wish - out * (wish * out).sum(1, keepdims=True)
    stray = 0.3 if cut.level is None else 0.14  # long hair lies in order
    wish = unit(wish + stray * (lock[:, :3] - 0.5) + 0.7 * stray * (loose[:, :3] - 0.5))
    size = draw.uniform(0.8, 1.25)
    length = _lengths(cut, start, draw) * (0.8 + 0.25 * lock[:, 3] + 0.15 * loose[:, 3])
    volume = 0.02 if face.hat != "none" else cut.volume * size
    height = volume * (0.1 + 0.9 * loose[:, 3] ** 0.7) * np.clip(0.25 + line[chosen] / 0.45, 0, 1)
    step = length / (cut.steps - 1)
    path = np.empty((count, cut.steps, 3))
    path[:, 0] = point = start
    heading = unit(out * cut.lift + wish * (1 - cut.lift))
    for k in range(1, cut.steps):
        share = k / cut.steps
        heading = heading + (wish - out) * cut.lift * 0.35 * (cut.gravity > 0.05)
        heading[:, 1] -= cut.gravity * 1.5 * share
        heading = unit(heading)
        new = point + heading * step[:, None]
        far = np.linalg.norm(new, axis=1)
        floor = radius[shell_cells(new)] + 0.015 + height * min(1, 2.2 * share)
        # Below the ears the shell widens to the shoulders; hair falls along the neck instead.
        neck = np.hypot(0.72 + 0.5 * height, new[:, 1])
        floor = np.where(new[:, 1] < -0.3, np.minimum(floor, neck), floor)
        free = np.where(new[:, 1] < -0.3, 0.12, 0.04) * (0 if face.hat != "none" else 1)
        scale = np.clip(1, floor / far, (floor + free) / far)
        new *= scale[:, None]
        if cut.level is not None:  # long hair parts before the face
            aside = 0.72 * smooth_step(-0.85, -0.3, -new[:, 1]) * (new[:, 2] > 0.3)
            side = np.where(new[:, 0] < part, -1, 1)
            new[:, 0] = side * np.maximum(np.abs(new[:, 0]), aside)
        new = _off_shoulders(new, start)
        heading = unit(new - point)
        path[:, k] = point = new
    path = _curled(path, cut, lock, loose, draw)
    share = np.linspace(0, 1, cut.steps)
    width = cut.width * (0.75 + 0.5 * loose[:, :1]) * (1 - 0.75 * share**3)
    shade = (0.82 + 0.24 * lock[:, 3] + 0.3 * (loose[:, 0] - 0.5))[:, None]
    shade = shade * (0.62 + 0.5 * np.minimum(1, 2.5 * share))
    tint = color * shade[..., None]
    if face.hair_color in ("gray", "white"):  # the dark hairs among the gray
        tint = np.where(loose[:, 1, None, None] < 0.12, tint * 0.45, tint)
    elif draw.random() < 0.3:  # streaks and lighter ends
        tint = tint * (1 + 0.9 * (lock[:, 1, None] < 0.3) * share)[..., None]
    normal = unit(0.75 * unit(path) + 0.25 * out[:, None])
    return _turned(Strands(path + centre, normal, tint, width), pose)


def grow_beard(
    face: Face, anatomy: Anatomy, pose: Pose, normals: np.ndarray, color: np.ndarray
) -> Strands | None:
    """Grow a beard of short strokes, or None. Arguments as ``grow_hair``."""
    if face.beard == "none":
        return None
    draw = face.draw("hair")
    draw.random(7)
    roots = anatomy.beard_roots
    stubble = face.beard == "stubble"
    density = roots.values["full beard" if stubble else face.beard]
    full = draw.uniform(0.35, 0.8) if stubble else 1
    chosen = np.flatnonzero(density * full > draw.random(len(density)))
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start, out = roots.on(pose.upright), unit(roots.on(normals))
    count = len(start)
    noise = draw.normal(size=(count, 3))
    rest = roots.on(anatomy.body)
    side = np.sign(rest[:, :1]) * np.clip(np.abs(rest[:, :1]) * 3, 0, 1)
    lip = (rest[:, 1] > 6.75) & (np.abs(rest[:, 0]) < 0.35)
    down = np.concatenate([side * np.where(lip, 0.8, 0.1)[:, None], -np.ones((count, 2))], 1)
    down[:, 2] = 0.15
    along = unit(down - out * (down * out).sum(1, keepdims=True) + 0.3 * noise)
    long = 0.028 if stubble else draw.uniform(0.045, 0.12)
    length = long * (0.6 + 0.6 * draw.random((count, 1)))
    first = start + out * 0.004
    second = first + unit(along + 0.5 * out) * length * 0.5
    third = second + unit(along + 0.1 * out + 0.2 * noise) * length * 0.5
    path = np.stack([first, second, third], 1)
    width = (0.006 if stubble else 0.01) * (1 - 0.6 * np.linspace(0, 1, 3) ** 2)
    shade = 0.7 + 0.5 * draw.random((count, 1, 1)) + np.zeros((1, 3, 1))
    gray = 3.5 if face.years > 45 and face.hair_color not in ("gray", "white") else 1
    shade = np.where(draw.random((count, 1, 1)) < 0.12, shade * gray, shade)
    strands = Strands(
        path,
        unit(np.repeat(out[:, None], 3, 1)),
        color * shade,
        np.broadcast_to(width, (count, 3)),
    )
    return _turned(strands, pose)


def grow_brows(
    roots: Roots, fitted: np.ndarray, rest: np.ndarray, face: Face, pose: Pose, color: np.ndarray
) -> tuple[Strands, np.ndarray]:
    """Brows as strokes, outward and, at the inner end, upward.

    roots: places on a brow mesh. fitted, rest: its vertices on the posed and the average body.
    Returns the strands and where they are the left brow's, bool (N,).
    """
    draw = face.draw("skin")
    start, place = roots.on(fitted), roots.on(rest)
    count = len(start)
    across = np.abs(place[:, 0])
    inner, outer = np.quantile(across, (0.02, 0.98))
    share = np.clip((across - inner) / (outer - inner), 0, 1)[:, None]
    left = place[:, :1] > 0
    side = np.where(left, 1.0, -1.0)
    wish = np.concatenate([side, 1.1 * (1 - share) ** 1.5 - 0.35 * share, -0.5 * share], 1)
    along = unit(wish + 0.18 * draw.normal(size=(count, 3))) @ pose.turn.T
    out = pose.turn @ (0, 0, 1.0)
    length = (0.085 - 0.02 * share) * (0.7 + 0.5 * draw.random((count, 1)))
    start = start + out * 0.02 - along * length * 0.4
    path = np.stack([start, start + along * length * 0.6, start + along * length], 1)
    shade = 0.75 + 0.5 * draw.random((count, 1, 1)) + np.zeros((1, 3, 1))
    width = np.broadcast_to(0.009 * np.array((0.9, 0.8, 0.3)), (count, 3))
    normal = np.broadcast_to(out, (count, 3, 3))
    return Strands(path, normal, color * shade, width), left[:, 0]


def recession(face: Face, rest: np.ndarray) -> np.ndarray:
    """How far the hairline is back, decimetres, at points (..., 3) of the average body."""
    front = np.clip((rest[..., 2] + 0.2) / 0.8, 0, 1)
    temples = np.exp(-(((np.abs(rest[..., 0]) - 0.42) / 0.22) ** 2))
    return face.receding * front * (0.16 + 0.42 * temples)


def _combed(cut: Cut, start: np.ndarray, part: float, draw: np.random.Generator) -> np.ndarray:
    outward, up, forward = cut.comb
    side = np.tanh((start[:, 0] - part) / 0.12)
    wish = np.stack([side * outward, np.full(len(start), up), np.full(len(start), forward)], 1)
    front = np.clip(start[:, 2] / 0.8, 0, 1)
    if cut.part is not None:  # the front goes back first, then down, off the face
        wish[:, 2] -= 0.8 * front
        wish[:, 2] -= 0.5 * np.clip(-start[:, 2], 0, 1)
    elif forward > 0.5:
        turn = draw.uniform(-0.8, 0.8)
        wish[:, 0] += turn * front
        wish[:, 1] += 0.9 * front * draw.random()
    return wish


def _lengths(cut: Cut, start: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    if cut.level is None:
        top = np.clip(0.5 + start[:, 1] / 1.0, 0.35, 1)  # shorter at the sides and the neck
        return cut.length * draw.uniform(0.75, 1.3) * (top if cut.lift < 0.9 else 0.4 + 0.6 * top)
    level = cut.level * draw.uniform(0.75, 1.2)
    drop = start[:, 1] + level
    over = np.clip(start[:, 1] - 0.2, 0, 1) * 0.55  # the way over the head before it falls
    return np.clip(drop + over, 0.3, cut.length)


def _off_shoulders(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Push strands that fall below the jaw in front of the chest or behind the back."""
    below = np.clip(-1.15 - points[:, 1], 0, 1.5)
    chest = 0.1 + 0.75 * np.minimum(below, 0.9)
    front = start[:, 2] > 0.05
    pushed = points.copy()
    pushed[:, 2] = np.where(
        (below > 0) & front,
        np.maximum(points[:, 2], chest),
        np.where(below > 0, np.minimum(points[:, 2], -0.35 - 0.5 * below), points[:, 2]),
    )
    return pushed


def _curled(
    path: np.ndarray, cut: Cut, lock: np.ndarray, loose: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    if not cut.curl:
        return path
    share = np.linspace(0, 1, path.shape[1])[None]
    angle = (
        2
        * np.pi
        * (cut.turns * draw.uniform(0.8, 1.25) * share + lock[:, :1] + 0.12 * loose[:, :1])
    )
    size = cut.curl * draw.uniform(0.8, 1.3) * np.minimum(1, 2.5 * share)
    along = unit(np.gradient(path, axis=1))
    out = unit(path)
    side = unit(np.cross(along, out))
    return (
        path
        + (np.cos(angle) * size)[..., None] * side
        + (np.sin(angle) * size * 0.8 + size * 0.5)[..., None] * out
    )


def _nearest(points: np.ndarray, guides: np.ndarray) -> np.ndarray:
    return cKDTree(guides).query(points)[1]


def _turned(strands: Strands, pose: Pose) -> Strands:
    return Strands(
        pose.to_world(strands.points),
        strands.normals @ pose.turn.T,
        strands.colors,
        strands.widths,
    )
