"""Teeth and tongue follow the lips: MakeHuman fits them so that a smile shows the lower teeth."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from facemogle.render.geometry import Pose, smooth_step, unit

BITE = 6.735
"""Height on the average body between the middles of upper and lower teeth."""

ARCH = (0, 0, 1.1)
"""Middle of the curve of the front teeth on the average body."""


def upper_share(place: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Which vertices belong to the upper jaw, (V,): 0 or 1 for teeth, between them for gums.

    place: on the average body, (V, 3). triangles: int (M, 3).
    """
    pairs = np.concatenate([triangles[:, :2], triangles[:, 1:]])
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(place),) * 2)
    count, part = connected_components(graph, directed=False)
    sizes = np.bincount(part, minlength=count)
    middle = np.bincount(part, place[:, 1], count) / np.maximum(sizes, 1)
    tooth = (middle > BITE).astype(float)[part]
    gums = part == sizes.argmax()
    return np.where(gums, smooth_step(6.66, 6.76, place[:, 1]), tooth)


def set_teeth(
    teeth: np.ndarray, upper: np.ndarray, lips: np.ndarray, pose: Pose
) -> tuple[np.ndarray, float]:
    """Move the jaws so that the upper teeth reach below the upper lip.

    teeth: on the posed body, (V, 3). upper: upper_share of them. lips: the vertices of the body at
    the middle of the upper and the lower lip's inner edge. Returns (V, 3), and how far the lower
    jaw rose.
    """
    high, low = (pose.upright[lip, 1] for lip in lips)
    gap = max(0.0, float(high - low))
    local = (teeth - pose.pivot) @ pose.turn + pose.pivot
    edge = _incisors(local[upper > 0.9])[:, 1].min()
    top = _incisors(local[upper < 0.1])[:, 1].max()
    down = min(0.0, high - min(0.5 * gap, 0.08) - edge)
    lower = min(0.0, low + min(0.15 * gap, 0.04) - 0.02 - top)
    local[:, 1] += upper * down + (1 - upper) * lower
    local[:, 2] += (1 - upper) * 0.5 * lower - 0.05 * min(1.0, gap / 0.05)
    local[:, 0] *= 0.93  # behind the corners of a mouth that opens without a smile
    return pose.to_world(local), lower


def round_teeth(normals: np.ndarray, place: np.ndarray, pose: Pose) -> np.ndarray:
    """Normals of the teeth, (V, 3), turned towards those of the arch that they stand in.

    With its own alone each tooth is dark at both sides, like a peg.

    normals: of the mesh on the posed body, (V, 3). place: on the average body, (V, 3).
    """
    arch = unit((place - ARCH) * (1, 0, 1)) @ pose.turn.T
    return unit(0.45 * normals + 0.55 * arch).astype(np.float32)


def _incisors(teeth: np.ndarray) -> np.ndarray:
    return teeth[teeth[:, 2] > teeth[:, 2].max() - 0.1]
