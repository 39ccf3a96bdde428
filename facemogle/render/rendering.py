"""What drawing a face gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rendering:
    """image: uint8 (H, W, 3) RGB. labels: uint8 (H, W). bare: the label map without glasses, or
    None for a face that wears none.
    """

    image: np.ndarray
    labels: np.ndarray
    bare: np.ndarray | None
