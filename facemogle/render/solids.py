"""Simple solids: tubes, spheres, sheets; and the glasses and jewellery made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemogle.render.anatomy import Anatomy
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, unit


@dataclass(frozen=True)
class Solid:
    """points, normals: (N, 3). triangles: int (M, 3). uv: (N, 2), what a pattern needs."""

    points: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray


def tube(path: np.ndarray, radius: float, closed: bool, sides: int = 8) -> Solid:
    """A round wire along a path, (N, 3)."""
    along = unit(
        np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    )
    up = np.array((0, 0, 1.0) if np.abs(along[:, 2]).mean() < 0.6 else (0, 1.0, 0))
    side = unit(np.cross(along, up))
    other = np.cross(side, along)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    normal = side[:, None] * np.cos(angle) + other[:, None] * np.sin(angle)
    return sheet(path[:, None] + normal * radius, normal, around=True, closed=closed)


def sphere(centre: np.ndarray, radius: float, rows: int = 8) -> Solid:
    """A ball."""
    down = np.linspace(0, np.pi, rows)[:, None]
    angle = np.linspace(0, 2 * np.pi, 2 * rows, endpoint=False)[None]
    normal = np.stack(
        [np.sin(down) * np.cos(angle), np.cos(down) + 0 * angle, np.sin(down) * np.sin(angle)], -1
    )
    return sheet(centre + normal * radius, normal, around=True, closed=False)


def sheet(
    points: np.ndarray,
    normals: np.ndarray | None = None,
    *,
    around: bool = False,
    closed: bool = False,
    uv: np.ndarray | None = None,
) -> Solid:
    """A grid of points, (R, C, 3). around: last column joins the first; closed: rows too."""
    rows, columns = points.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    below = np.roll(number, -1, 0) if closed else number[1:]
    here = number if closed else number[:-1]
    right = np.roll(here, -1, 1) if around else here[:, 1:]
    corner = np.roll(below, -1, 1) if around else below[:, 1:]
    here, below = (here, below) if around else (here[:, :-1], below[:, :-1])
    triangles = np.concatenate(
        [
            np.stack([here, below, right], -1).reshape(-1, 3),
            np.stack([right, below, corner], -1).reshape(-1, 3),
        ]
    )
    if normals is None:
        wide = np.concatenate([points[:, -1:], points, points[:, :1]], 1) if around else points
        across = np.gradient(wide, axis=1)
        across = across[:, 1:-1] if around else across
        normals = unit(np.cross(np.gradient(points, axis=0), across))
    flat = np.zeros((rows * columns, 2)) if uv is None else uv.reshape(-1, 2)
    return Solid(points.reshape(-1, 3), normals.reshape(-1, 3), triangles, flat)


def joined(solids: list[Solid]) -> Solid:
    """Several solids as one."""
    starts = np.cumsum([0, *(len(solid.points) for solid in solids)])
    return Solid(
        np.concatenate([solid.points for solid in solids]),
        np.concatenate([solid.normals for solid in solids]),
        np.concatenate([s.triangles + n for s, n in zip(solids, starts, strict=False)]),
        np.concatenate([solid.uv for solid in solids]),
    )


def make_glasses(face: Face, anatomy: Anatomy, pose: Pose) -> tuple[Solid, Solid]:
    """Frame and lenses, on the nose and the ears."""
    draw = face.draw("worn")
    left, right = pose.eyes
    between = float(np.linalg.norm(left - right))
    x = (left - right) / between
    z = pose.turn @ (0, 0, 1.0)
    z = unit(z - x * (z @ x))
    y = np.cross(z, x)
    middle = (left + right) / 2
    power, tall = {
        "round": (2.0, 0.95), "oval": (2.0, 0.7), "rectangular": (5.0, 0.62),
        "square": (4.0, 0.82), "cat-eye": (2.6, 0.72), "aviator": (2.4, 0.86),
    }[face.glasses_shape]  # fmt: skip
    wide = between * draw.uniform(0.37, 0.43)
    high = wide * tall * draw.uniform(0.95, 1.08)
    if face.glasses == "sunglasses":
        wide, high = wide * 1.05, high * 1.12
    bridge = pose.body[[136, 132, 133, 134, 135]] @ z
    front = max(bridge.max() + 0.03, left @ z + 0.33, right @ z + 0.33) - middle @ z
    radius = draw.uniform(0.012, 0.032)

    def place(across: np.ndarray, up: np.ndarray, out: np.ndarray) -> np.ndarray:
        return middle + across[:, None] * x + (up[:, None] - 0.03) * y + out[:, None] * z

    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rim_x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power) * wide
    rim_y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power) * high
    if face.glasses_shape == "cat-eye":
        rim_y = rim_y + 0.2 * high * (rim_x / wide) * (rim_y > 0)
    if face.glasses_shape == "aviator":  # a drop that leans outward
        rim_x, rim_y = rim_x * (1 - 0.14 * np.maximum(0, -rim_y / high)), rim_y * 1.05
        rim_x = rim_x + 0.1 * wide * (rim_x < 0) * (rim_y < 0) * (rim_y / high) ** 2
    across_lens = np.stack([rim_x / wide, rim_y / high], -1)
    frame, lenses = [], []
    for side, ear in ((1, anatomy.ear_tops[0]), (-1, anatomy.ear_tops[1])):
        across = side * (rim_x + between / 2)
        rim = place(across, rim_y, front - 0.1 * (across / (0.9 * between)) ** 2)
        frame.append(tube(rim, radius, closed=True))
        curve = np.stack([np.broadcast_to(rim.mean(0), rim.shape), rim])
        bent = unit(z + 0.8 * (curve - rim.mean(0)))
        uv = np.stack([0 * across_lens, across_lens])
        lenses.append(sheet(curve, bent, around=True, uv=uv))
        hinge = rim[np.argmax((rim - middle) @ x * side)] + y * high * 0.35
        end = pose.body[ear].mean(0) + 0.02 * y + 0.03 * side * x
        share = np.linspace(0, 1, 12)[:, None]
        frame.append(tube(hinge * (1 - share) + end * share, radius * 0.9, closed=False))
    span = np.linspace(-1, 1, 9)
    arch = place(
        span * (between / 2 - wide), 0.12 * high + 0.05 * (1 - span**2), np.full(9, front + 0.01)
    )
    frame.append(tube(arch, radius, closed=False))
    return joined(frame), joined(lenses)


def make_earrings(face: Face, anatomy: Anatomy, pose: Pose) -> Solid:
    """A pair of studs, hoops or drops at the lobes."""
    draw = face.draw("worn")
    draw.random(8)
    kind = draw.choice(("stud", "hoop", "drop"))
    size = draw.uniform(0.1, 0.2)
    parts = []
    for side, lobe in ((1, anatomy.lobes[0]), (-1, anatomy.lobes[1])):
        place = pose.body[lobe] + pose.turn @ (side * 0.03, 0, 0.02)
        if kind == "stud":
            parts.append(sphere(place, 0.05))
        elif kind == "hoop":
            angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
            ring = np.stack([0 * angle, size * (np.cos(angle) - 1), size * np.sin(angle)], 1)
            parts.append(tube(place + ring, 0.02, closed=True))
        else:
            drop = np.linspace(0, -1.3 * size, 6)[:, None] * (0, 1, 0)
            parts += [tube(place + drop, 0.014, closed=False), sphere(place + drop[-1], 0.07)]
    return joined(parts)


def make_necklace(face: Face, anatomy: Anatomy, body: np.ndarray, normals: np.ndarray) -> Solid:
    """A chain or beads that lie on the neck. body, normals: posed, (V, 3)."""
    draw = face.draw("worn")
    draw.random(16)
    rest = anatomy.body[anatomy.skin]
    ring = anatomy.skin[
        (rest[:, 1] > 4.7) & (rest[:, 1] < 6.25) & (np.abs(rest[:, 0]) < 1.5) & (rest[:, 2] < 1.4)
    ]
    rest = anatomy.body[ring]
    height, tilt = draw.uniform(5.65, 5.95), draw.uniform(0.15, 0.4)
    angle = np.linspace(-np.pi, np.pi, 72, endpoint=False)
    around = np.arctan2(rest[:, 0], rest[:, 2] - 0.05)
    turn = np.abs((around[None] - angle[:, None] + np.pi) % (2 * np.pi) - np.pi)
    rise = rest[None, :, 1] - (height - tilt * np.cos(angle))[:, None]
    near = np.exp(-((turn / 0.14) ** 2 + (rise / 0.12) ** 2)) + 1e-12
    near /= near.sum(1, keepdims=True)
    path = near @ (body[ring] + 0.05 * normals[ring])
    path = (np.roll(path, 1, 0) + 2 * path + np.roll(path, -1, 0)) / 4
    size = draw.uniform(0.015, 0.032)
    if draw.random() < 0.4:
        return joined([sphere(point, size * 1.7, 5) for point in path[::2]])
    return tube(path, size, closed=True)
