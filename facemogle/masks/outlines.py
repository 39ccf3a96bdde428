"""The exact outlines of a binary mask: closed paths along the edges of its pixels."""

from __future__ import annotations

import numpy as np

_Point = tuple[int, int]


def outlines(mask: np.ndarray) -> list[list[_Point]]:
    """Trace a mask, bool (H, W), with its inside at the right hand.

    Returns closed paths of corners (x, y), 0..W and 0..H, without the first again at the end; what
    lies within an odd number of them is the mask.
    """
    leaving = _edges(mask)
    paths = []
    while leaving:
        start = next(iter(leaving))
        path, point, heading = [], start, None
        while point in leaving:
            ways = leaving[point]
            step = _sharpest_right(ways, heading)
            ways.remove(step)
            if not ways:
                del leaving[point]
            if step != heading:
                path.append(point)
            heading = step
            point = point[0] + step[0], point[1] + step[1]
        paths.append(path)
    return paths


def _edges(mask: np.ndarray) -> dict[_Point, list[_Point]]:
    """The steps (dx, dy) that leave each corner of pixels along the mask's border."""
    padded = np.pad(mask, 1)
    leaving: dict[_Point, list[_Point]] = {}
    down = padded[1:, 1:] & ~padded[:-1, 1:], (0, 0), (1, 0)  # upper edges lead right
    up = padded[:-1, 1:] & ~padded[1:, 1:], (1, 0), (-1, 0)  # lower edges lead left
    left = padded[1:, 1:] & ~padded[1:, :-1], (0, 1), (0, -1)  # left edges lead up
    right = padded[1:, :-1] & ~padded[1:, 1:], (0, 0), (0, 1)  # right edges lead down
    for found, (dx, dy), step in (down, up, left, right):
        for y, x in np.argwhere(found).tolist():
            leaving.setdefault((x + dx, y + dy), []).append(step)
    return leaving


def _sharpest_right(ways: list[_Point], heading: _Point | None) -> _Point:
    """Where two squares touch at a corner only, keep each one's outline by itself."""
    if heading is None or len(ways) == 1:
        return ways[0]
    right = -heading[1], heading[0]
    return right if right in ways else ways[0]
