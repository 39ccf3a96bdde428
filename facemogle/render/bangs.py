"""Paths of bangs: hair from the top of the head that falls over the forehead.

Points are vectors from the centre of the upright head, in decimetres.
"""

from __future__ import annotations

import numpy as np

from facemogle.render.combing import Scalp, waved
from facemogle.render.cuts import Fringe
from facemogle.render.geometry import smooth_step, unit

BROWS = 0.14
"""Cosine of the angle from the crown to which bangs reach at most before the eyes."""


def before_crown(place: np.ndarray) -> np.ndarray:
    """Roots from which bangs grow: a triangle behind the forehead, bool (N,).

    place: of the roots on the average head, from its centre, (N, 3).
    """
    x, y, z = place.T
    return (z > 0.3) & (y > 0.35) & (np.abs(x) < 0.62 * smooth_step(0.1, 0.9, z))


def fringe(cut: Fringe, scalp: Scalp) -> np.ndarray:
    """Paths (N, K, 3) forward over the forehead: straight down, to one side, or to both."""
    scalp.draw.random(8)  # the first decide on bangs and the parting
    draw, loose, start = scalp.draw, scalp.loose, scalp.start
    around = np.arctan2(start[:, 0], start[:, 2])
    style = draw.choice(3, p=(0.45, 0.3, 0.25))
    spread = 0.07 + 0.09 * draw.random()
    sweep, split = draw.uniform(0.25, 0.5), draw.uniform(0.35, 0.55)
    side = np.where(scalp.beside > 0, 1.0, -1.0)
    aside = (np.zeros(len(start)), np.full(len(start), -sweep), side * split)[style]
    goal = around * 1.05 + aside + spread * (loose[:, 1] - 0.5)
    # Bangs that are swept aside are longer where they end.
    away = (0.35 * np.abs(goal), -goal, np.abs(goal))[style]
    end = draw.uniform(0.17, 0.33) - 0.14 * np.clip(away, 0, 1) - 0.1 * (loose[:, 2] - 0.5)
    end = np.maximum(end, BROWS - 0.5 * np.clip(np.abs(goal) - 0.5, 0, 1))

    share = np.linspace(0, 1, cut.steps)[None]
    first = unit(start)[:, 1:2]
    angle = around[:, None] + (goal - around)[:, None] * share**1.4
    polar = np.arccos(first) + (np.arccos(np.clip(end, -1, 1))[:, None] - np.arccos(first)) * share
    arm = np.stack(
        [np.sin(polar) * np.sin(angle), np.cos(polar), np.sin(polar) * np.cos(angle)], -1
    )
    height = (0.08 + 0.07 * loose[:, 4:5]) * scalp.size
    lift = 0.015 + height * np.minimum(1, 2.5 * share) ** 0.7 * (1 - 0.45 * share**3)
    path = arm * (scalp.head.radius(arm) + lift)[..., None]
    return waved(path, cut, scalp)
