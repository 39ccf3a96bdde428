"""Make a face to start from on the page out of a small label map: 512x512 with round outlines."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from facemogle.commands.arguments import say
from facemogle.commands.outputs import check_outputs
from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import NUM_REGIONS

COMMAND = "template"
SIZE = 512
SPECK = 400  # pixels of 512 x 512 and fewer
BLUR = {0: 5.0, 13: 5.0, 14: 3.0, 17: 3.0, 18: 3.0}
"""Of large regions, in pixels, before outlines are drawn again."""
FINE_BLUR = 1.8
"""Of all others, such as brows and lips."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "mask", type=Path, metavar="MASK", help="a square mask, e.g. labels/000054.png of render"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="indexed PNG to write"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write it. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    try:
        check_outputs([arguments.output], [arguments.mask])
        label_map = read_mask(arguments.mask).label_map
        if label_map.shape[0] != label_map.shape[1]:
            raise ValueError(
                f"{arguments.mask} is {label_map.shape[1]}x{label_map.shape[0]} pixels: give a "
                "square mask."
            )
        arguments.output.write_bytes(index_png(enlarged(label_map)))
        print(arguments.output)
    except (ValueError, OSError) as error:
        say(COMMAND, error)
        return 2
    return 0


def enlarged(label_map: np.ndarray) -> np.ndarray:
    """A square label map as uint8 (512, 512), with round outlines and without specks."""
    shares = np.zeros((NUM_REGIONS, SIZE, SIZE), np.float32)
    for region in np.unique(label_map):
        inside = (label_map == region).astype(np.float32)
        large = cv2.resize(inside, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        shares[region] = cv2.GaussianBlur(large, (0, 0), BLUR.get(int(region), FINE_BLUR))
    result = shares.argmax(0).astype(np.uint8)
    for region in np.unique(result):
        _, parts, facts, _ = cv2.connectedComponentsWithStats((result == region).astype(np.uint8))
        areas = facts[1:, cv2.CC_STAT_AREA]
        for part in np.flatnonzero((areas <= SPECK) & (areas < areas.max() / 2)):
            shares[region][parts == part + 1] = 0  # its surroundings take the place
    return shares.argmax(0).astype(np.uint8)
