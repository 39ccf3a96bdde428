"""Single hairs that leave a hair mesh, whose outline would else be that of a helmet."""

from __future__ import annotations

import numpy as np

from facemogle.render.face import Face
from facemogle.render.geometry import Pose, unit
from facemogle.render.strands import Strands

MOST = 900
MIDDLE = (0, 0.25, -0.75)
"""Of the head, from between the eyes of an upright one, decimetres."""
WIDTH = 0.0045
"""Decimetres: less than a pixel at 512 pixels, so that several samples share one."""


def grow_flyaways(mesh: np.ndarray, face: Face, pose: Pose, color: np.ndarray) -> Strands:
    """Grow hairs from the outside of a hair mesh; some faces have few and some have many.

    mesh: its vertices on the posed body, (V, 3). color: linear, (3,).
    """
    draw = face.draw("flyaways")
    middle = pose.between_eyes + pose.turn @ MIDDLE
    local = (mesh - middle) @ pose.turn
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
