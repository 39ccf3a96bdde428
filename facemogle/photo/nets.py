"""The three small models that see real photographs; see ``checkpoints/landmarks/README.md``."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import cv2
import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "checkpoints" / "landmarks"


class Net:
    """A ``.tflite`` model. May be called from several threads, which then wait for each other.

    name: of the file, without its suffix. outputs: names of what it gives, in the order wanted.
    """

    def __init__(self, name: str, *outputs: str) -> None:
        # OpenCV's new engine loses all outputs but the first.
        path = str(FOLDER / f"{name}.tflite")
        self._net = cv2.dnn.readNetFromTFLite(path, engine=cv2.dnn.ENGINE_CLASSIC)
        self._outputs = outputs
        self._lock = Lock()

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """Run on one image, float32 (H, W, 3), of the size and range that the model takes."""
        with self._lock:
            self._net.setInput(np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32))
            # Copies: the net's own memory is written again by the next call.
            return [output[0].copy() for output in self._net.forward(self._outputs)]
