"""Which pixels of a crop show a person."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.photo.nets import Net

SIDE = 256


class PersonFinder:
    """Tells people from what is behind them."""

    def __init__(self) -> None:
        self._net = Net("selfie_segmentation", "activation_10")

    def share(self, image: np.ndarray) -> np.ndarray:
        """How surely each pixel shows a person: float32 (H, W) in [0, 1].

        image: uint8 (H, W, 3), a person from the chest up.
        """
        seen = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        (share,) = self._net(seen.astype(np.float32) / 255)
        return cv2.resize(share.reshape(SIDE, SIDE), image.shape[1::-1]).clip(0, 1)
