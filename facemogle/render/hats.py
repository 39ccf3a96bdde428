"""Hats and headscarves on the head's shell, and what hair they hide."""

from __future__ import annotations

import numpy as np

from facemogle.render.anatomy import Anatomy
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, smooth_step, unit
from facemogle.render.solids import Solid, joined, sheet


def hat_depth(face: Face, arms: np.ndarray) -> np.ndarray:
    """How far vectors (..., 3) from the centre of the upright head reach inside the hat's edge.

    Decimetres, negative outside. The head's front is +z.
    """
    draw = face.draw("worn")
    draw.random(24)
    first, second = draw.random(2)
    x, y, z = np.moveaxis(arms, -1, 0)
    if face.hat == "headscarf":
        opening = np.hypot(x / 0.57, (y + 0.12) / (0.88 + 0.08 * first)) - 1
        return np.where(z > 0.2, opening, 0.6)
    slope, low, high = {
        "beanie": (0.3, 0.36, 0.54), "cap": (0.16, 0.52, 0.6), "fedora": (0.0, 0.45, 0.45),
    }[face.hat]  # fmt: skip
    return (y - slope * (z + 0.2)) - (low + (high - low) * second - slope * 1.1)


def tuck_under_hat(
    face: Face, arms: np.ndarray, radius: np.ndarray, widths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Press hair into the head where a hat is over it, and flatten it around.

    arms: points of hair from the head's centre, (..., 3). radius: the scalp's in their directions,
    (...). widths: of the locks, (...). Returns arms and widths.
    """
    inside = hat_depth(face, arms)
    room = np.where(inside > 0, -0.02 - np.minimum(inside, 0.15), 0.05 - 0.8 * inside)
    far = np.linalg.norm(arms, axis=-1)
    pressed = arms * np.minimum(1, (radius + room) / far)[..., None]
    return pressed, widths * (1 - smooth_step(-0.05, 0.05, inside))


def make_hat(face: Face, anatomy: Anatomy, pose: Pose) -> Solid:
    """A beanie, cap or headscarf on the head's shell. Its v is the distance to its edge."""
    points, centre = anatomy.shell(pose)
    place = points - centre
    out = unit(place)
    angle = np.broadcast_to(np.linspace(0, 1, points.shape[1])[None], points.shape[:2])
    edge, y = hat_depth(face, place), place[..., 1]
    height = face.draw("worn").random()
    if face.hat == "headscarf":
        ears = np.exp(-(((place[..., 2] - 0.25) / 0.4) ** 2) - ((y + 0.15) / 0.45) ** 2)
        thick = 0.13 + 0.3 * ears + 0.12 * np.clip(-0.6 - y, 0, 1) + 0.1 * np.clip(y, 0, 1)
    elif face.hat == "beanie":
        thick = 0.14 + np.where(edge < 0.22, 0.03, 0) + 0.4 * height * np.clip(y - 0.6, 0, 1)
    else:
        thick = 0.15 + 0.25 * np.clip(y - 0.5, 0, 0.5)
    shell = points + out * thick[..., None]
    crown = sheet(shell, around=True, uv=np.stack([angle, edge], -1))
    outward = (crown.normals * out.reshape(-1, 3)).sum(1, keepdims=True)
    crown = Solid(crown.points, crown.normals * np.sign(outward), crown.triangles, crown.uv)
    parts = [crown]
    if face.hat == "cap":
        parts.append(_visor(shell - centre, edge, centre))
    solid = joined(parts)
    return Solid(
        pose.to_world(solid.points), solid.normals @ pose.turn.T, solid.triangles, solid.uv
    )


def _visor(shell: np.ndarray, edge: np.ndarray, centre: np.ndarray) -> Solid:
    """The peak of a cap, at the height of its edge in front."""
    upper = shell[shell[..., 1] > 0.4]
    wide, deep = np.abs(upper[:, 0]).max() * 0.9, upper[:, 2].max()
    front = shell.shape[1] // 2
    height = np.interp(0, edge[::-1, front], shell[::-1, front, 1])
    span = np.linspace(-1, 1, 21)[:, None]
    out = np.linspace(0, 1, 8)[None]
    x = span * wide * (1 - 0.08 * out)
    z = deep * 0.93 * np.sqrt(np.clip(1 - 0.72 * span**2, 0, 1)) + 0.75 * out * np.sqrt(
        1.02 - span**2
    )
    y = height + 0.07 - 0.2 * out**1.5 - 0.16 * span**2 + 0 * x
    grid = np.stack([x, y, z], -1) + centre
    solid = sheet(grid, uv=np.stack([0 * x, 0 * x + 0.6], -1))
    up = np.where(solid.normals[:, 1:2] < 0, -1, 1)
    return Solid(solid.points, solid.normals * up, solid.triangles, solid.uv)
