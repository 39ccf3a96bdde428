"""Hair of the scalp as locks: ribbons whose texture shows the single hairs.

Locks lie in one direction field, so that the hair looks combed. Growth happens on the upright head
whose centre is the origin, in decimetres; directions from it are polar: angle from the crown,
angle around from the front towards the left.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.render.anatomy import CENTRE, Anatomy, Roots, shell_cells, shell_radius
from facemogle.render.cuts import CUTS, Coils, Cut, Fall, Flow
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, smooth_step, unit
from facemogle.render.hats import tuck_under_hat
from facemogle.render.strands import Strands, recession, turned

EQUATOR = 1.7
"""Angle from the crown where hair leaves the head and falls."""


def grow_hair(
    face: Face, anatomy: Anatomy, pose: Pose, normals: np.ndarray, color: np.ndarray
) -> Strands:
    """Grow the scalp's hair of a cut in CUTS. normals: of the upright body, (V, 3). color: linear,
    (3,).
    """
    draw = face.draw("hair")
    cut = CUTS[face.hair_cut]
    points, centre = anatomy.shell(pose)
    head = _Head(shell_radius(points, centre))
    roots = anatomy.scalp_roots
    line = roots.values["hairline"] - recession(face, roots.on(anatomy.body))
    tucked = isinstance(cut, Fall) and (draw.random() < 0.45 or face.hat != "none")
    grown = (line > 0) & ~_left_out(face, cut, roots.on(anatomy.body) - CENTRE, tucked)
    chosen = np.flatnonzero(grown)[: cut.count]
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start = roots.on(pose.upright) - centre
    out = unit(roots.on(normals))
    loose = draw.random((len(start), 6))
    size = draw.uniform(0.85, 1.2)
    if isinstance(cut, Fall):
        path = _fall(cut, start, line[chosen], head, size, tucked, loose, draw)
    elif isinstance(cut, Flow):
        path = _flow(cut, start, out, line[chosen], head, size, loose, draw)
    else:
        path, out = _coils(cut, start, out, line[chosen], head, size, loose, draw)
    share = np.linspace(0, 1, cut.steps)
    width = cut.width * (0.7 + 0.6 * loose[:, :1]) * (0.5 + 1.1 * share) * (1.02 - share**2.2)
    normal = unit(0.8 * unit(path * (1, 0.6, 1)) + 0.2 * out[:, None])
    width = np.broadcast_to(width, path.shape[:2])
    if face.hat != "none":
        path, width = tuck_under_hat(face, path, head.radius(path), width)
    tint = _tints(face, cut, color, share, path, head, loose, draw)
    grain = np.stack([draw.random(len(start)) * 4, np.full(len(start), cut.width * 0.55)], 1)
    return turned(Strands(path + centre, normal, tint, width, grain), pose)


class _Head:
    """Distance of the scalp from the head's centre, by direction. radii: (ROWS, COLUMNS)."""

    def __init__(self, radii: np.ndarray) -> None:
        self._radii = cv2.copyMakeBorder(radii.astype(np.float32), 0, 0, 1, 1, cv2.BORDER_WRAP)

    def radius(self, arms: np.ndarray) -> np.ndarray:
        """Distance along vectors (..., 3) from the centre, smooth between the cells."""
        rows, columns = shell_cells(arms)
        found = cv2.remap(
            self._radii, np.float32(columns + 1).reshape(-1, 1), np.float32(rows).reshape(-1, 1),
            cv2.INTER_LINEAR,
        )  # fmt: skip
        return found.reshape(arms.shape[:-1])


def _left_out(face: Face, cut: Cut, place: np.ndarray, tucked: bool) -> np.ndarray:
    """Roots whose locks would cross the ears, or the forehead under a hat, bool (N,).

    place: of the roots on the average head, from its centre, (N, 3). tucked: behind the ears.
    """
    around = np.abs(np.arctan2(place[:, 0], place[:, 2]))
    near_ear = (around > 0.6) & (around < 1.5)
    temple = near_ear & (place[:, 1] < (0.3 if tucked else 0.14))
    temple &= tucked or (isinstance(cut, Flow) and cut.curl > 0)
    return temple | (face.hat != "none") & (around < 0.9)


def _fall(
    cut: Fall,
    start: np.ndarray,
    line: np.ndarray,
    head: _Head,
    size: float,
    tucked: bool,
    loose: np.ndarray,
    draw: np.random.Generator,
) -> np.ndarray:
    """Paths (N, K, 3) away from the part, over the head, and down, over or behind the ears."""
    part = draw.uniform(-0.05, 0.4)
    level = cut.level * draw.uniform(0.8, 1.2)
    frame = np.radians(draw.uniform(78, 98) if tucked else draw.uniform(36, 54))
    flare = draw.normal(0.06, 0.07)
    down = np.arccos(np.clip(unit(start)[:, 1], -1, 1))
    around = np.arctan2(start[:, 0], start[:, 2])
    parted = part * smooth_step(-0.3, 0.3, start[:, 2])
    side = np.where(start[:, 0] > parted, 1.0, -1.0)
    far = np.abs(np.arctan2(start[:, 0] - parted, start[:, 2]))
    goal = side * (frame + (np.pi - frame) * (far / np.pi) ** 2.2 + 0.12 * (loose[:, 1] - 0.5))
    fringe = (draw.random() < 0.22) & (np.abs(around) < 0.62) & (line < 0.34)
    goal = np.where(fringe, around + 0.15 * (loose[:, 1] - 0.5), goal)

    over = int(0.6 * cut.steps)
    share = np.linspace(0, 1, over)[None]
    angle = around[:, None] + (goal - around)[:, None] * (1 - (1 - share) ** 1.9)
    brow = draw.uniform(1.08, 1.16) - 0.1 * loose[:, 2]
    low = np.maximum(np.where(fringe, brow, EQUATOR), down + 0.08)[:, None]
    polar = down[:, None] + (low - down[:, None]) * share
    arm = np.stack(
        [np.sin(polar) * np.sin(angle), np.cos(polar), np.sin(polar) * np.cos(angle)], -1
    )
    inner = loose[:, :1] < 0.3  # a layer beneath, so that nothing shines through the outer one
    layer = np.where(inner, 0.2 + 1.2 * loose[:, :1], 0.65 + 0.35 * loose[:, 4:5])
    edge = np.clip(0.35 + line / 0.35, 0, 1)[:, None]
    lift = 0.02 + cut.volume * size * layer * edge * np.minimum(1, 1.9 * share) ** 0.6
    ear = (
        np.where(fringe | tucked, 0.0, 0.34)[:, None]
        * np.exp(-(((np.abs(angle) - 1.2) / 0.4) ** 2))
        * share
    )
    first = arm * (head.radius(arm) + lift + ear)[..., None]

    fallen = np.linspace(0, 1, cut.steps - over + 1)[None, 1:]
    end = -level * (0.85 + 0.25 * loose[:, 2:3])
    last = first[:, -1:]
    drop = np.where(fringe[:, None], 0.15, np.maximum(last[..., 1] - end, 0.25))
    y = last[..., 1] - drop * fallen
    spread = 1 + flare * fallen - 0.1 * fallen * (1 - layer)
    second = np.stack([last[..., 0] * spread, y, last[..., 2] * spread], -1)
    path = np.concatenate([first, _off_shoulders(second, np.abs(goal) < 1.75)], 1)
    return _waved(path, cut, start, loose, draw)


def _waved(
    path: np.ndarray, cut: Fall, start: np.ndarray, loose: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """Locks side by side swing together; ringlets turn each for itself."""
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


def _flow(
    cut: Flow,
    start: np.ndarray,
    out: np.ndarray,
    line: np.ndarray,
    head: _Head,
    size: float,
    loose: np.ndarray,
    draw: np.random.Generator,
) -> np.ndarray:
    """Paths (N, K, 3) that follow the comb, each point by the field at its own place."""
    part = draw.uniform(0.15, 0.5) if cut.part else 0.0
    turn, rise = draw.uniform(-0.7, 0.7), draw.random()
    top = np.clip(cut.sides + start[:, 1] * (1 - cut.sides) / 0.7, cut.sides, 1)
    length = cut.length * draw.uniform(0.8, 1.25) * top * (0.75 + 0.4 * loose[:, 0])
    edge = np.clip(0.3 + line / 0.4, 0, 1)
    least = 0.2 if cut.curl else 0.6  # straight locks lie in one surface
    layer = least + (1 - least) * loose[:, 1]
    height = cut.volume * size * layer * edge * top
    stray = (loose[:, 2:5] - 0.5) * (0.9 if cut.curl else 0.45)
    point, path = start, [start]
    for k in range(1, cut.steps):
        share = k / (cut.steps - 1)
        wish = _combed(cut, point, start, part, turn, rise)
        wish = wish + stray
        radial = unit(point)
        wish = unit(wish - radial * (wish * radial).sum(1, keepdims=True))
        arch = np.interp(share, (0, 0.5, 1), (0, 1, 0.65))
        lift = cut.lift * (1 - share) ** 1.2 + (0.25 * cut.lift if cut.curl else 0)
        heading = unit(out * lift + wish * (1 - lift))
        new = point + heading * (length / (cut.steps - 1))[:, None]
        far = np.linalg.norm(new, axis=1)
        floor = head.radius(new) + 0.012 + height * arch
        free = 0.03 if not cut.curl else 0.3 * cut.volume
        new = new * np.clip(1, floor / far, (floor + free) / far)[:, None]
        path.append(new)
        point = new
    path = np.stack(path, 1)
    if not cut.curl:
        return path
    along, radial = unit(np.gradient(path, axis=1)), unit(path)
    side = unit(np.cross(along, radial))
    share = np.linspace(0, 1, cut.steps)[None]
    angle = 2 * np.pi * (cut.turns * share * draw.uniform(0.8, 1.3) + loose[:, 5:6])
    bend = (cut.curl * draw.uniform(0.8, 1.25) * np.minimum(1, 2 * share))[..., None]
    return path + bend * (np.cos(angle)[..., None] * side + np.sin(angle)[..., None] * radial)


def _combed(
    cut: Flow, point: np.ndarray, start: np.ndarray, part: float, turn: float, rise: float
) -> np.ndarray:
    outward, up, forward = cut.comb
    side = np.tanh((start[:, 0] - part) / 0.1)
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


def _coils(
    cut: Coils,
    start: np.ndarray,
    out: np.ndarray,
    line: np.ndarray,
    head: _Head,
    size: float,
    loose: np.ndarray,
    draw: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Rings (N, K, 3) at all depths of a cloud round the head, and directions out of it."""
    way = unit(unit(start) + 0.35 * (out - unit(start)))
    thick = cut.volume * size * np.clip(0.3 + line / 0.45, 0.2, 1)
    bumps = 0.09 * np.sin(7 * way[:, 0] + 4 * way[:, 1]) * np.sin(6 * way[:, 1] - 5 * way[:, 2])
    far = head.radius(way) + thick * (1 + bumps) * (0.12 + 0.88 * loose[:, 0] ** 0.7)
    centre = way * far[:, None]
    centre[:, 2] -= 0.1 * thick * np.clip(way[:, 2], 0, 1)  # leaves the face free
    axis = unit(loose[:, 1:4] - 0.5)
    first = unit(np.cross(axis, way))
    second = np.cross(axis, first)
    angle = np.linspace(0, 1.7 * np.pi, cut.steps)[None, :, None]
    ring = np.cos(angle) * first[:, None] + np.sin(angle) * second[:, None]
    radius = (cut.size * (0.7 + 0.7 * loose[:, 4]) * draw.uniform(0.8, 1.3))[:, None, None]
    return centre[:, None] + ring * radius, way


def _tints(
    face: Face,
    cut: Cut,
    color: np.ndarray,
    share: np.ndarray,
    path: np.ndarray,
    head: _Head,
    loose: np.ndarray,
    draw: np.random.Generator,
) -> np.ndarray:
    """Colours (N, K, 3): darker at the roots and deep inside, streaks, grey hairs."""
    depth = np.linalg.norm(path, axis=-1) - head.radius(path)
    depth = np.clip(depth / (0.2 + cut.volume if isinstance(cut, Coils) else 0.25), 0, 1)
    shade = (0.92 + 0.16 * loose[:, 5:6]) * (0.55 + 0.45 * depth)
    if isinstance(cut, Fall | Flow):
        shade = shade * (0.7 + 0.3 * np.minimum(1, 3 * share))
    tint = color * shade[..., None]
    streak = draw.random()
    if face.hair_color in ("gray", "white"):  # the dark hairs among the gray
        tint = np.where(loose[:, 4, None, None] < 0.14, tint * 0.75, tint)
    elif streak < 0.18:  # streaks
        tint = tint * (1 + 0.8 * (loose[:, 4:5] < 0.25) * np.ones_like(share))[..., None]
    elif streak < 0.36 and isinstance(cut, Fall):  # lighter ends
        tint = tint * (1 + draw.uniform(0.5, 1.8) * smooth_step(0.35, 0.9, share))[:, None]
    return tint


def _off_shoulders(points: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Keep falling locks before the chest or behind the back. front: (N,)."""
    below = np.clip(-1.1 - points[..., 1], 0, 1.5)
    pushed = points.copy()
    chest = np.maximum(points[..., 2], 0.1 + 0.75 * np.minimum(below, 0.9))
    back = np.minimum(points[..., 2], -0.35 - 0.5 * below)
    far = np.where(front[:, None], chest, back)
    pushed[..., 2] += (far - points[..., 2]) * smooth_step(0, 0.35, below)
    return pushed


def draw_grain(wide: int = 512, high: int = 64) -> np.ndarray:
    """Texture of hairs side by side, roots at row 0, uint8 (high, wide, 2): brightness; reach.

    Reach: how far from a lock's middle line, and from its root, a hair can be seen.
    """
    draw = np.random.default_rng(5)
    bright = np.zeros((high, 3 * wide), np.float32)
    for share, across, along in ((1, 0.5, 40), (1, 1.6, 40), (0.9, 5, 25)):
        white = np.tile(draw.random((high, wide)).astype(np.float32), (1, 3))
        smooth = cv2.GaussianBlur(
            white, (0, 0), across, sigmaY=along, borderType=cv2.BORDER_REFLECT
        )
        bright += share * (smooth - smooth.mean()) / smooth.std()
    bright = bright[:, wide : 2 * wide]
    reach = cv2.GaussianBlur(np.tile(draw.random(wide), 3).astype(np.float32)[None], (0, 0), 3)
    reach = (reach[0, wide : 2 * wide] - 0.5) * 2.6 + 0.25 * (draw.random(wide) - 0.5)
    reach = np.repeat(np.clip(0.62 + 0.45 * reach, 0.15, 1).astype(np.float32)[None], high, 0)
    bright = np.clip(0.5 + 0.17 * bright / bright.std(), 0, 1)
    return (np.dstack([bright, reach]) * 255).astype(np.uint8)
