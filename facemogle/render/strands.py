"""Hair as strands: grown in the beard and on the brows.

A strand is a row of points with a width and a colour at each. Growth happens on the upright head,
whose centre is the origin; lengths are decimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.render.anatomy import Anatomy, Roots
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, unit


@dataclass(frozen=True)
class Strands:
    """points, normals, colors: float32 (N, K, 3), colours linear. widths: float32 (N, K).

    grain: of locks, (N, 2): where in the texture of hairs each lies, and how much of it it shows.
    """

    points: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    widths: np.ndarray
    grain: np.ndarray | None = None


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
    width = (0.005 if stubble else 0.009) * (1 - 0.6 * np.linspace(0, 1, 3) ** 2)
    shade = 0.7 + 0.5 * draw.random((count, 1, 1)) + np.zeros((1, 3, 1))
    if stubble:  # so short that skin shows through
        color = color * 1.5 + 0.02
    gray = 3.5 if face.years > 45 and face.hair_color not in ("gray", "white") else 1
    shade = np.where(draw.random((count, 1, 1)) < 0.12, shade * gray, shade)
    strands = Strands(
        path,
        unit(np.repeat(out[:, None], 3, 1)),
        color * shade,
        np.broadcast_to(width, (count, 3)),
    )
    return turned(strands, pose)


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
    flat = draw.uniform(0, 1) * (0.055 - 0.075 * share)  # the fitted brows slope as in anger
    start = start + out * 0.02 - along * length * 0.4 + flat * pose.turn[:, 1]
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


def turned(strands: Strands, pose: Pose) -> Strands:
    """Strands of the upright head, turned with it."""
    return Strands(
        pose.to_world(strands.points),
        strands.normals @ pose.turn.T,
        strands.colors,
        strands.widths,
        strands.grain,
    )
