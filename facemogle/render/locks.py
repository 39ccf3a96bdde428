"""Hair of the scalp as locks: ribbons whose texture shows the single hairs.

Growth happens on the upright head, whose centre is the origin, in decimetres.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.render.anatomy import CENTRE, Anatomy, Roots, shell_radius
from facemogle.render.bangs import before_crown, fringe
from facemogle.render.combing import Head, Scalp, coils, fall, flow
from facemogle.render.cuts import PARTING, Coils, Cut, Fall, Flow, Fringe, has_parting, off_parting
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, smooth_step, unit
from facemogle.render.hats import tuck_under_hat
from facemogle.render.strands import Strands, recession, turned


def grow_hair(
    face: Face,
    cut: Cut,
    anatomy: Anatomy,
    pose: Pose,
    normals: np.ndarray,
    color: np.ndarray,
) -> Strands:
    """Grow the scalp's hair, or its bangs.

    normals: of the upright body, (V, 3). color: linear, (3,).
    """
    draw = face.draw("fringe" if isinstance(cut, Fringe) else "hair")
    points, centre = anatomy.shell(pose)
    head = Head(shell_radius(points, centre))
    roots = anatomy.scalp_roots
    place = roots.on(anatomy.body) - CENTRE
    line = roots.values["hairline"] - recession(face, place + CENTRE)
    beside = off_parting(face, place)
    tucked = isinstance(cut, Fall) and (draw.random() < 0.45 or face.hat != "none")
    grown = np.flatnonzero((line > 0) & ~_left_out(face, cut, place, beside, tucked))
    edge = _edge(cut, line[grown], beside[grown], place[grown, 2])
    dense = np.arange(len(grown)) < cut.count + 2400 * edge
    chosen, edge = grown[dense], edge[dense, None]
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start, out = roots.on(pose.upright) - centre, unit(roots.on(normals))
    if isinstance(cut, Coils):  # a cloud grows from the head's centre more than from the skin
        out = unit(unit(start) + 0.35 * (out - unit(start)))
    loose, size = draw.random((len(start), 6)), draw.uniform(0.85, 1.2)
    scalp = Scalp(head, start, out, line[chosen], beside[chosen], tucked, size, loose, draw)
    path = {Fall: fall, Flow: flow, Coils: coils, Fringe: fringe}[type(cut)](cut, scalp)
    share = np.linspace(0, 1, cut.steps)
    width = cut.width * (0.7 + 0.6 * loose[:, :1]) * (0.5 + 1.1 * share) * (1.02 - share**2.2)
    width = width * (1 - edge * (0.85 - 0.35 * smooth_step(0, 0.3, share)))
    normal = unit(0.8 * unit(path * (1, 0.6, 1)) + 0.2 * out[:, None])
    if face.hat != "none":
        path, width = tuck_under_hat(face, path, head.radius(path), width)
    tint = _tints(face, cut, color, path, scalp)
    grain = np.stack([draw.random(len(start)) * 4, np.full(len(start), cut.width * 0.55)], 1)
    return turned(Strands(path + centre, normal, tint, width, grain), pose)


def _edge(cut: Cut, line: np.ndarray, beside: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Where hair is seen to grow out of the skin, 0..1: there locks are many and thin, (N,)."""
    if isinstance(cut, Coils | Fringe):
        return np.zeros(len(line))
    front = smooth_step(-0.1, 0.2, depth)
    by_line = np.exp(-((line / 0.13) ** 2))
    by_parting = np.exp(-((beside / 0.1) ** 2)) * has_parting(cut)
    return np.maximum(by_line, by_parting) * front


def _left_out(
    face: Face, cut: Cut, place: np.ndarray, beside: np.ndarray, tucked: bool
) -> np.ndarray:
    """Roots whose locks would cross the ears, the parting, or the forehead under a hat, bool (N,).

    place: of the roots on the average head, from its centre, (N, 3). tucked: behind the ears.
    """
    if isinstance(cut, Fringe):
        return ~before_crown(place)
    around = np.abs(np.arctan2(place[:, 0], place[:, 2]))
    near_ear = (around > 0.6) & (around < 1.5)
    temple = near_ear & (place[:, 1] < (0.3 if tucked else 0.14))
    temple &= tucked or (isinstance(cut, Flow) and cut.curl > 0)
    temple |= has_parting(cut) & (np.abs(beside) < PARTING / 2)
    if isinstance(cut, Fall):  # at the crown, the way to the parting's side leads over the face
        temple |= (beside * place[:, 0] < 0) & (place[:, 2] < 0.15)
    return temple | (face.hat != "none") & (around < 0.9)


def _tints(face: Face, cut: Cut, color: np.ndarray, path: np.ndarray, scalp: Scalp) -> np.ndarray:
    """Colours (N, K, 3): darker at the roots and deep inside, streaks, grey hairs."""
    draw, loose, share = scalp.draw, scalp.loose, np.linspace(0, 1, cut.steps)
    depth = np.linalg.norm(path, axis=-1) - scalp.head.radius(path)
    depth = np.clip(depth / (0.2 + cut.volume if isinstance(cut, Coils) else 0.25), 0, 1)
    shade = (0.92 + 0.16 * loose[:, 5:6]) * (0.55 + 0.45 * depth)
    if not isinstance(cut, Coils):
        shade = shade * (0.7 + 0.3 * np.minimum(1, 3 * share))
    tint = color * shade[..., None]
    streak = face.draw("hair").random()  # bangs are like the rest
    if face.hair_color in ("gray", "white"):  # the dark hairs among the gray
        tint = np.where(loose[:, 4, None, None] < 0.14, tint * 0.75, tint)
    elif streak < 0.18:  # streaks
        tint = tint * (1 + 0.8 * (loose[:, 4:5] < 0.25) * np.ones_like(share))[..., None]
    elif streak < 0.36 and isinstance(cut, Fall):  # lighter ends
        tint = tint * (1 + draw.uniform(0.5, 1.8) * smooth_step(0.35, 0.9, share))[:, None]
    return tint


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
