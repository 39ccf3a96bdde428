"""Paths of locks over the head: falling, combed short, or as a cloud of coils.

Points are vectors from the centre of the upright head, in decimetres; directions are polar: angle
from the crown, angle around from the front towards the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facemogle.render.anatomy import shell_cells
from facemogle.render.cuts import Coils, Fall, Flow, Fringe
from facemogle.render.geometry import smooth_step, unit

EQUATOR = 1.7
"""Angle from the crown where hair leaves the head and falls."""


class Head:
    """Distance of the scalp from the head's centre, by direction. radii: (ROWS, COLUMNS)."""

    def __init__(self, radii: np.ndarray) -> None:
        self._radii = cv2.copyMakeBorder(radii.astype(np.float32), 0, 0, 1, 1, cv2.BORDER_WRAP)

    def radius(self, arms: np.ndarray) -> np.ndarray:
        """Distance along vectors (..., 3) from the centre, smooth between the cells."""
        rows, columns = shell_cells(arms)
        found = cv2.remap(
            self._radii,
            np.float32(columns + 1).reshape(len(arms), -1),
            np.float32(rows).reshape(len(arms), -1),
            cv2.INTER_LINEAR,
        )
        return found.reshape(arms.shape[:-1])


@dataclass(frozen=True)
class Scalp:
    """The roots of N locks. start, out: places and normals, (N, 3). line: above the hairline, (N,).

    beside: how far to the left of the parting, (N,). tucked: whether the hair lies behind the ears.
    size: factor of its volume. loose: random numbers of each lock, 0..1, (N, 6). draw: random
    numbers of the whole cut.
    """

    head: Head
    start: np.ndarray
    out: np.ndarray
    line: np.ndarray
    beside: np.ndarray
    tucked: bool
    size: float
    loose: np.ndarray
    draw: np.random.Generator


def fall(cut: Fall, scalp: Scalp) -> np.ndarray:
    """Paths (N, K, 3) away from the part, over the head, and down, over or behind the ears."""
    draw, loose, start = scalp.draw, scalp.loose, scalp.start
    level = cut.level * draw.uniform(0.8, 1.2) * (0.85 + 0.25 * loose[:, 2:3])
    frame = np.radians(draw.uniform(78, 98) if scalp.tucked else draw.uniform(36, 54))
    flare = draw.normal(0.06, 0.07)
    around = np.arctan2(start[:, 0], start[:, 2])
    side = np.where(scalp.beside > 0, 1.0, -1.0)
    far = np.abs(np.arctan2(scalp.beside, start[:, 2]))
    goal = side * (frame + (np.pi - frame) * (far / np.pi) ** 2.2 + 0.12 * (loose[:, 1] - 0.5))

    over = int(0.6 * cut.steps)
    inner = loose[:, :1] < 0.3  # a layer beneath, so that nothing shines through the outer one
    layer = np.where(inner, 0.2 + 1.2 * loose[:, :1], 0.65 + 0.35 * loose[:, 4:5])
    covers = 0.0 if scalp.tucked else 0.34
    first = _over_head(scalp, around, goal, cut.volume * scalp.size * layer, covers, over)
    fallen = np.linspace(0, 1, cut.steps - over + 1)[None, 1:]
    x, y, z = np.moveaxis(first[:, -1:], -1, 0)
    drop = np.maximum(y + level, 0.25)
    spread = 1 + flare * fallen - 0.1 * fallen * (1 - layer)
    second = np.stack([x * spread, y - drop * fallen, z * spread], -1)
    path = np.concatenate([first, _off_shoulders(second, np.abs(goal) < 1.75)], 1)
    return waved(path, cut, scalp)


def _over_head(
    scalp: Scalp,
    around: np.ndarray,
    goal: np.ndarray,
    height: np.ndarray,
    covers: float,
    steps: int,
) -> np.ndarray:
    """From the roots to angles ``goal`` around, at the EQUATOR, (N, steps, 3).

    height: above the scalp, (N, 1). covers: how much higher over the ears.
    """
    share = np.linspace(0, 1, steps)[None]
    down = np.arccos(np.clip(unit(scalp.start)[:, 1], -1, 1))
    angle = around[:, None] + (goal - around)[:, None] * (1 - (1 - share) ** 1.9)
    polar = down[:, None] + (np.maximum(EQUATOR, down + 0.08) - down)[:, None] * share
    arm = np.stack(
        [np.sin(polar) * np.sin(angle), np.cos(polar), np.sin(polar) * np.cos(angle)], -1
    )
    edge = np.clip(0.35 + scalp.line / 0.35, 0, 1)[:, None]
    lift = 0.02 + height * edge * np.minimum(1, 1.9 * share) ** 0.8
    ear = covers * np.exp(-(((np.abs(angle) - 1.2) / 0.4) ** 2)) * share
    return arm * (scalp.head.radius(arm) + lift + ear)[..., None]


def waved(path: np.ndarray, cut: Fall | Fringe, scalp: Scalp) -> np.ndarray:
    """Locks side by side swing together; ringlets turn each for itself."""
    start, loose, draw = scalp.start, scalp.loose, scalp.draw
    along = unit(np.gradient(path, axis=1))
    out = unit(path * (1, 0.3, 1))
    side = unit(np.cross(along, out))
    step = np.linalg.norm(np.diff(path, axis=1, prepend=path[:, :1]), axis=-1)
    reach = np.cumsum(step, axis=1)
    ease = np.minimum(1, reach / 0.7)
    together = 1.3 * start[:, :1] + 0.9 * start[:, 2:] + draw.uniform(0, 6.3)
    alone = (6.3 if cut.curl else 1.3) * loose[:, 3:4]
    phase = 2 * np.pi * cut.turns * draw.uniform(0.85, 1.2) * reach + together + alone
    size = (cut.curl or cut.wave) * draw.uniform(0.75, 1.3) * ease
    swing = np.sin(phase) * size
    bulge = np.cos(phase) * size * (0.9 if cut.curl else 0.35)
    return path + swing[..., None] * side + (bulge + cut.curl * ease * 0.6)[..., None] * out


def _off_shoulders(points: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Keep falling locks before the chest or behind the back. front: (N,)."""
    below = np.clip(-1.1 - points[..., 1], 0, 1.5)
    pushed = points.copy()
    chest = np.maximum(points[..., 2], 0.1 + 0.75 * np.minimum(below, 0.9))
    back = np.minimum(points[..., 2], -0.35 - 0.5 * below)
    far = np.where(front[:, None], chest, back)
    pushed[..., 2] += (far - points[..., 2]) * smooth_step(0, 0.35, below)
    return pushed


def flow(cut: Flow, scalp: Scalp) -> np.ndarray:
    """Paths (N, K, 3) that follow the comb, each point by the field at its own place."""
    draw, loose, start = scalp.draw, scalp.loose, scalp.start
    turn, rise = draw.uniform(-0.7, 0.7), draw.random()
    top = np.clip(cut.sides + start[:, 1] * (1 - cut.sides) / 0.7, cut.sides, 1)
    length = cut.length * draw.uniform(0.8, 1.25) * top * (0.75 + 0.4 * loose[:, 0])
    edge = np.clip(0.3 + scalp.line / 0.4, 0, 1)
    least = 0.2 if cut.curl else 0.6  # straight locks lie in one surface
    height = cut.volume * scalp.size * (least + (1 - least) * loose[:, 1]) * edge * top
    stray = (loose[:, 2:5] - 0.5) * (0.9 if cut.curl else 0.45)
    free = 0.3 * cut.volume if cut.curl else 0.03
    point, path = start, [start]
    for k in range(1, cut.steps):
        share = k / (cut.steps - 1)
        wish = _combed(cut, point, scalp, turn, rise) + stray
        radial = unit(point)
        wish = unit(wish - radial * (wish * radial).sum(1, keepdims=True))
        lift = cut.lift * (1 - share) ** 1.2 + (0.25 * cut.lift if cut.curl else 0)
        heading = unit(scalp.out * lift + wish * (1 - lift))
        new = point + heading * (length / (cut.steps - 1))[:, None]
        far = np.linalg.norm(new, axis=1)
        arch = np.interp(share, (0, 0.5, 1), (0, 1, 0.65))
        floor = scalp.head.radius(new) + 0.012 + height * arch
        point = new * np.clip(1, floor / far, (floor + free) / far)[:, None]
        path.append(point)
    path = np.stack(path, 1)
    return _curled(path, cut, scalp) if cut.curl else path


def _curled(path: np.ndarray, cut: Flow, scalp: Scalp) -> np.ndarray:
    draw = scalp.draw
    along, radial = unit(np.gradient(path, axis=1)), unit(path)
    side = unit(np.cross(along, radial))
    share = np.linspace(0, 1, cut.steps)[None]
    angle = 2 * np.pi * (cut.turns * share * draw.uniform(0.8, 1.3) + scalp.loose[:, 5:6])
    bend = (cut.curl * draw.uniform(0.8, 1.25) * np.minimum(1, 2 * share))[..., None]
    return path + bend * (np.cos(angle)[..., None] * side + np.sin(angle)[..., None] * radial)


def _combed(cut: Flow, point: np.ndarray, scalp: Scalp, turn: float, rise: float) -> np.ndarray:
    outward, up, forward = cut.comb
    start = scalp.start
    side = np.tanh(scalp.beside / 0.1)
    wish = np.stack([side * outward, np.full(len(start), up), np.full(len(start), forward)], 1)
    front = np.clip(point[:, 2] / 0.8, 0, 1)
    low = np.clip(0.55 - start[:, 1], 0, 1)  # the sides and the back hang down
    wish[:, 1] -= 2.2 * low
    if cut.part:
        wish[:, 2] -= 0.45 * front
    elif forward > 0.3:
        wish[:, 0] += turn * front
        wish[:, 1] += 0.9 * front * rise
    return wish


def coils(cut: Coils, scalp: Scalp) -> np.ndarray:
    """Rings (N, K, 3) at all depths of a cloud round the head."""
    way, loose = scalp.out, scalp.loose
    thick = cut.volume * scalp.size * np.clip(0.3 + scalp.line / 0.45, 0.2, 1)
    bumps = 0.09 * np.sin(7 * way[:, 0] + 4 * way[:, 1]) * np.sin(6 * way[:, 1] - 5 * way[:, 2])
    far = scalp.head.radius(way) + thick * (1 + bumps) * (0.12 + 0.88 * loose[:, 0] ** 0.7)
    centre = way * far[:, None]
    centre[:, 2] -= 0.1 * thick * np.clip(way[:, 2], 0, 1)  # leaves the face free
    axis = unit(loose[:, 1:4] - 0.5)
    first = unit(np.cross(axis, way))
    second = np.cross(axis, first)
    angle = np.linspace(0, 1.7 * np.pi, cut.steps)[None, :, None]
    ring = np.cos(angle) * first[:, None] + np.sin(angle) * second[:, None]
    radius = (cut.size * (0.7 + 0.7 * loose[:, 4]) * scalp.draw.uniform(0.8, 1.3))[:, None, None]
    return centre[:, None] + ring * radius
