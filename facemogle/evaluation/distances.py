"""How far two sets of images are apart, in any features of theirs."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

NEIGHBOURS = 3
SUBSETS, SUBSET_SIZE, SUBSET_SEED = 100, 1000, 0
"""Of the kernel distance, as clean-fid has them."""


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Frechet distance of Gaussians through two sets of features (arXiv 1706.08500).

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)), A and B the covariances.
    a, b: (n, channels), two rows or more each.
    """
    a, b = a.astype(float), b.astype(float)
    shift = a.mean(0) - b.mean(0)
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    # tr((A B)^(1/2)) by the eigenvalues of A^(1/2) B A^(1/2), which is symmetric.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ second @ root).clip(0)
    traces = np.trace(first) + np.trace(second) - 2 * np.sqrt(product).sum()
    return float(shift @ shift + max(traces, 0.0))


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy by the cubic kernel, unbiased (arXiv 1801.01401).

    The mean over random subsets, always the same ones. a, b: (n, channels), two rows or more each.
    """
    draw = np.random.RandomState(SUBSET_SEED)
    size = min(len(a), len(b), SUBSET_SIZE)
    found = []
    for _ in range(SUBSETS):
        y = b[draw.choice(len(b), size, replace=False)]
        x = a[draw.choice(len(a), size, replace=False)]
        same = _cubic(x, x) + _cubic(y, y)
        within = (same.sum() - np.trace(same)) / (size * (size - 1))
        found.append(within - 2 * _cubic(x, y).mean())
    return float(np.mean(found))


def precision_recall(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Improved precision and recall (arXiv 1904.06991), with the third nearest neighbour.

    A set's manifold is the union of balls around its points, each as wide as the distance to its
    third nearest neighbour. Precision: share of the made points in the real ones' manifold;
    recall: share of the real points in the made ones'.
    real, made: (n, channels), four rows or more each.
    """
    across = cdist(real, made)
    return (
        float((across <= _radii(real)[:, None]).any(0).mean()),
        float((across <= _radii(made)).any(1).mean()),
    )


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _radii(points: np.ndarray) -> np.ndarray:
    """Distance of each point to its third nearest neighbour; the nearest of all is itself."""
    return np.partition(cdist(points, points), NEIGHBOURS, axis=1)[:, NEIGHBOURS]
