"""Make a template of the page from a label map of ``python -m facemogle render``.

    python assets/templates/smooth.py DIR/labels/000054.png assets/templates/2_short_hair.png

Doubles the size with round outlines, and gives specks to what lies around them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import NUM_REGIONS

SIZE = 512
SPECK = 400  # pixels of 512 x 512 and fewer
SOFT = {
    0: 5.0,
    13: 5.0,
    14: 3.0,
    17: 3.0,
    18: 3.0,
}  # blur in pixels before outlines are drawn again
SHARP = 1.8  # of all others, such as brows and lips


def smoothed(label_map: np.ndarray) -> np.ndarray:
    """A label map of any square size as uint8 (512, 512)."""
    shares = np.zeros((NUM_REGIONS, SIZE, SIZE), np.float32)
    for region in np.unique(label_map):
        inside = (label_map == region).astype(np.float32)
        large = cv2.resize(inside, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        shares[region] = cv2.GaussianBlur(large, (0, 0), SOFT.get(int(region), SHARP))
    result = shares.argmax(0).astype(np.uint8)
    for region in np.unique(result):
        _, parts, facts, _ = cv2.connectedComponentsWithStats((result == region).astype(np.uint8))
        areas = facts[1:, cv2.CC_STAT_AREA]
        for part in np.flatnonzero((areas <= SPECK) & (areas < areas.max() / 2)):
            shares[region][parts == part + 1] = 0
    return shares.argmax(0).astype(np.uint8)


if __name__ == "__main__":
    source, target = sys.argv[1:]
    Path(target).write_bytes(index_png(smoothed(read_mask(source).label_map)))
