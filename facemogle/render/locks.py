"""Hair of the scalp as locks: ribbons whose texture shows the single hairs.

Growth happens on the upright head, whose centre is the origin, in decimetres.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.render.anatomy import CENTRE, Anatomy, Roots, shell_radius
from facemogle.render.combing import Head, Scalp, coils, fall, flow
from facemogle.render.cuts import CUTS, Coils, Cut, Fall, Flow
from facemogle.render.face import Face
from facemogle.render.geometry import Pose, smooth_step, unit
from facemogle.render.hats import tuck_under_hat
from facemogle.render.strands import Strands, recession, turned


def grow_hair(
    face: Face, anatomy: Anatomy, pose: Pose, normals: np.ndarray, color: np.ndarray
) -> Strands:
    """Grow the scalp's hair of a cut in CUTS. normals: of the upright body, (V, 3). color: linear,
    (3,).
    """
    draw = face.draw("hair")
    cut = CUTS[face.hair_cut]
    points, centre = anatomy.shell(pose)
    head = Head(shell_radius(points, centre))
    roots = anatomy.scalp_roots
    line = roots.values["hairline"] - recession(face, roots.on(anatomy.body))
    tucked = isinstance(cut, Fall) and (draw.random() < 0.45 or face.hat != "none")
    grown = (line > 0) & ~_left_out(face, cut, roots.on(anatomy.body) - CENTRE, tucked)
    chosen = np.flatnonzero(grown)[: cut.count]
    roots = Roots(roots.corners[chosen], roots.shares[chosen], {})
    start, out = roots.on(pose.upright) - centre, unit(roots.on(normals))
    if isinstance(cut, Coils):  # a cloud grows from the head's centre more than from the skin
        out = unit(unit(start) + 0.35 * (out - unit(start)))
    loose, size = draw.random((len(start), 6)), draw.uniform(0.85, 1.2)
    scalp = Scalp(head, start, out, line[chosen], tucked, size, loose, draw)
    path = {Fall: fall, Flow: flow, Coils: coils}[type(cut)](cut, scalp)
    share = np.linspace(0, 1, cut.steps)
    width = cut.width * (0.7 + 0.6 * loose[:, :1]) * (0.5 + 1.1 * share) * (1.02 - share**2.2)
    width = np.broadcast_to(width, path.shape[:2])
    normal = unit(0.8 * unit(path * (1, 0.6, 1)) + 0.2 * out[:, None])
    if face.hat != "none":
        path, width = tuck_under_hat(face, path, head.radius(path), width)
    tint = _tints(face, cut, color, path, scalp)
    grain = np.stack([draw.random(len(start)) * 4, np.full(len(start), cut.width * 0.55)], 1)
    return turned(Strands(path + centre, normal, tint, width, grain), pose)


def _left_out(face: Face, cut: Cut, place: np.ndarray, tucked: bool) -> np.ndarray:
    """Roots whose locks would cross the ears, or the forehead under a hat, bool (N,).

    place: of the roots on the average head, from its centre, (N, 3). tucked: behind the ears.
    """
    around = np.abs(np.arctan2(place[:, 0], place[:, 2]))
    near_ear = (around > 0.6) & (around < 1.5)
    temple = near_ear & (place[:, 1] < (0.3 if tucked else 0.14))
    temple &= tucked or (isinstance(cut, Flow) and cut.curl > 0)
    return temple | (face.hat != "none") & (around < 0.9)


def _tints(face: Face, cut: Cut, color: np.ndarray, path: np.ndarray, scalp: Scalp) -> np.ndarray:
    """Colours (N, K, 3): darker at the roots and deep inside, streaks, grey hairs."""
    draw, loose, share = scalp.draw, scalp.loose, np.linspace(0, 1, cut.steps)
    depth = np.linalg.norm(path, axis=-1) - scalp.head.radius(path)
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
