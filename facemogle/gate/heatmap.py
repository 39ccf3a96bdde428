"""One map of gate weights as an image."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from facemogle.masks.regions import PALETTE

Scale = Literal["absolute", "relative"]
"""``absolute``: the colours span 0..1, so that maps can be compared. ``relative``: they span the
map's own minimum and maximum, so that weak maps show their shape."""


GLOBAL_COLOR = (150, 150, 150)
"""The global expert's colour among the local experts', which have their regions'. RGB, 0..255."""

_EXPERT_COLORS = np.array([GLOBAL_COLOR, *PALETTE], np.uint8)


def scale_range(weights: np.ndarray, scale: Scale) -> tuple[float, float]:
    """Weights that the lowest and the highest colour stand for."""
    if scale == "absolute":
        return 0.0, 1.0
    return float(weights.min()), float(weights.max())


def draw_heatmap(weights: np.ndarray, size: tuple[int, int], scale: Scale) -> np.ndarray:
    """Draw a map of weights, one flat square per token.

    weights: float (rows, columns) in [0, 1]. size: (height, width) in pixels.
    Returns uint8 RGB (height, width, 3). A map of one value has no relative scale; it is drawn in
    the lowest colour.
    """
    low, high = scale_range(weights, scale)
    levels = (weights - low) / max(high - low, np.finfo(np.float32).tiny)
    squares = colors_of_levels(levels)
    return cv2.resize(squares, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def colors_of_levels(levels: np.ndarray) -> np.ndarray:
    """Levels (H, W) in [0, 1] in a perceptually uniform colour map, uint8 RGB (H, W, 3)."""
    indices = np.round(levels * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(indices, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def draw_winners(winners: np.ndarray) -> np.ndarray:
    """Expert numbers (rows, columns) in the experts' colours, uint8 RGB (rows, columns, 3)."""
    return _EXPERT_COLORS[winners]
