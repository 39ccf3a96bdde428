"""Single hairs: those that leave the outline, which would else be a helmet's, and the short ones
of the hairline and of the parting, which would else look cut out.
"""

from __future__ import annotations

import numpy as np

from facemogle.render.anatomy import CENTRE, Anatomy, Roots
from facemogle.render.cuts import CUTS, Flow, has_parting, off_parting
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, unit
from facemogle.render.strands import Strands, recession, turned

MOST = 900
MIDDLE = (0, 0.25, -0.75)
"""Of the head, from between the eyes of an upright one, decimetres."""
WIDTH = 0.0045
"""Decimetres: less than a pixel at 512 pixels, so that several samples share one."""


def grow_flyaways(hair: np.ndarray, face: Face, pose: Pose, color: np.ndarray) -> Strands:
    """Grow hairs from the outside of other hair; some faces have few and some have many.

    hair: vertices of a mesh or points of locks, on the posed body, (V, 3). color: linear, (3,).
    """
    draw = face.draw("flyaways")
    middle = pose.between_eyes + pose.turn @ MIDDLE
    local = (hair - middle) @ pose.turn
    count = int(MOST * draw.uniform(0.25, 1))
    start = local[draw.integers(len(local), size=count)]
    # Lower down, hair hangs before the clothes; at the front, across the forehead.
    start = start[(start[:, 1] > -0.9) & ((start[:, 2] < 0.3) | (start[:, 1] > 0.6))]
    count = len(start)
    out = unit(start * (1, 0.8, 1))
    down = np.array((0, -1.0, 0)) - out * -out[:, 1:2]
    along = unit(down + 0.3 * draw.normal(size=(count, 3)) + 0.1 * out)
    length = np.minimum(draw.gamma(2.5, 0.045, (count, 1)), 0.3)
    lift = np.minimum(draw.gamma(2, 0.2, (count, 1)), 1)
    bend = 0.2 * draw.normal(size=(count, 3))
    steps = np.linspace(0, 1, 6)[None, :, None]
    path = start[:, None] + length[:, None] * (
        steps * along[:, None]
        + lift[:, None] * (steps - 0.6 * steps**2) * out[:, None]
        + bend[:, None] * steps**2
    )
    shade = (0.7 + 0.5 * draw.random((count, 1, 1))) * np.ones((1, 6, 1))
    points = path @ pose.turn.T + middle
    return Strands(
        points.astype(np.float32),
        np.repeat((out @ pose.turn.T)[:, None], 6, 1),
        color * shade,
        np.broadcast_to(WIDTH * (1 - 0.7 * steps[0, :, 0]), (count, 6)),
    )


def grow_wisps(
    face: Face, anatomy: Anatomy, pose: Pose, normals: np.ndarray, color: np.ndarray
) -> Strands:
    """Short hairs on the skin along the hairline and the parting. Arguments as `grow_hair`."""
    draw, cut = face.draw("wisps"), CUTS.get(face.hair_cut)
    roots = anatomy.scalp_roots
    place = roots.on(anatomy.body) - CENTRE
    line = roots.values["hairline"] - recession(face, place + CENTRE)
    beside = off_parting(face, place)
    near = np.exp(-(((line - 0.02) / 0.07) ** 2))
    if cut and has_parting(cut):
        near = np.maximum(near, np.exp(-((beside / 0.08) ** 2)) * (place[:, 2] > 0))
    thick = draw.uniform(0.5, 1)
    chosen = np.flatnonzero((near * thick > draw.random(len(near))) & (place[:, 2] > 0.15))
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start, out = roots.on(pose.upright), unit(roots.on(normals))
    count = len(start)
    forward = isinstance(cut, Flow) and cut.comb[2] > 0.3
    wish = np.array((0.1, -0.4, 0.8) if forward else (0.9, 0.3, -0.5))
    side = np.tanh(beside[chosen] / 0.05)[:, None] * (1, 0, 0) + (0, 1, 1)
    loose = 0.1 + 0.3 * np.clip(1 - line[chosen, None] / 0.2, 0, 1)  # tidy at the parting
    wish = wish * side + loose * draw.normal(size=(count, 3))
    along = unit(wish - out * (wish * out).sum(1, keepdims=True))
    buzzed = face.hair_cut == "buzz"
    length = 0.05 if buzzed else np.clip(draw.gamma(3, 0.05, (count, 1)), 0.05, 0.32)
    bend = 0.25 * draw.normal(size=(count, 3))
    lift = loose * draw.uniform(0.25, 0.9, (count, 1))
    rise = 0.004 if cut else 0.05  # a mesh lies higher than its own hairline
    steps = np.linspace(0, 1, 5)[None, :, None]
    path = (start + rise * out)[:, None] + np.broadcast_to(length, (count, 1))[:, None] * (
        steps * along[:, None]
        + lift[:, None] * (steps - 0.5 * steps**2) * out[:, None]
        + (bend - out * (bend * out).sum(1, keepdims=True))[:, None] * steps**2
    )
    shade = (0.6 + 0.5 * draw.random((count, 1, 1))) * np.ones((1, 5, 1))
    width = np.broadcast_to(1.3 * WIDTH * (1 - 0.75 * steps[0, :, 0]), (count, 5))
    return turned(Strands(path, np.repeat(out[:, None], 5, 1), color * shade, width), pose)
