"""From the label of every sample to the label map an annotator of CelebAMask-HQ would draw."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.colors import spread_labels
from facemogle.masks.label_map import present_regions
from facemogle.masks.regions import NUM_REGIONS, REGIONS

NUMBER = {region.name: region.index for region in REGIONS}

OVER_LENS = [NUMBER[name] for name in ("l_eye", "r_eye", "l_brow", "r_brow", "eye_g")]
"""What annotators draw although a clear lens is before it."""

HAIR_TAKES = ("background", "skin", "neck", "cloth", "l_ear", "r_ear")
"""What a smooth outline of hair may cover."""

SMALLEST = 8
"""Pixels; smaller patches of a region are noise."""
WIDE = [NUMBER[n] for n in ("background", "skin", "neck", "cloth", "hair", "hat", "l_ear", "r_ear")]
"""Regions of which annotators leave out patches that are ``WIDE_SMALLEST`` times as large."""
WIDE_SMALLEST = 5


def put_on_glasses(samples: np.ndarray, lens: np.ndarray, *, dark: bool) -> np.ndarray:
    """Label samples behind a lens: all as glasses if it is dark, else not eyes and brows.

    samples: uint8 (H, W) labels. lens: bool (H, W). Returns uint8 (H, W).
    """
    hidden = lens if dark else lens & ~np.isin(samples, OVER_LENS)
    return np.where(hidden, np.uint8(NUMBER["eye_g"]), samples)


def majority(samples: np.ndarray, factor: int) -> np.ndarray:
    """The most frequent label of every factor x factor block; ties go to the lower label."""
    height, width = (side // factor for side in samples.shape)
    votes = samples.reshape(height, factor, width, factor).transpose(1, 3, 0, 2)
    votes = votes.reshape(factor * factor, height, width)
    labels = votes[0].copy()
    mixed = (votes != labels).any(0)  # few, and only they need counting
    number = np.arange(mixed.sum()) * NUM_REGIONS
    counts = np.bincount((votes[:, mixed] + number).ravel(), minlength=len(number) * NUM_REGIONS)
    labels[mixed] = counts.reshape(-1, NUM_REGIONS).argmax(1)
    return labels


def annotate(labels: np.ndarray, brows: np.ndarray) -> np.ndarray:
    """Redraw a label map with the habits of annotators.

    Brows become blobs, lips a pixel fuller, edges of hair smooth; small patches vanish.

    labels: uint8 (H, W). brows: bool (2, H, W), where hair of the left and right brow is seen.
    Returns uint8 (H, W).
    """
    unit = max(1, round(labels.shape[0] / 256))
    labels = _smooth_hair(labels, unit)
    skin = labels == NUMBER["skin"]
    for name, brow in zip(("l_brow", "r_brow"), brows, strict=True):
        blob = cv2.morphologyEx(brow.view(np.uint8), cv2.MORPH_CLOSE, _disc(4 * unit))
        blob = _rounded(cv2.dilate(blob, _disc(unit)), 1.5 * unit)
        labels = np.where(blob & skin, np.uint8(NUMBER[name]), labels)
    for name in ("u_lip", "l_lip"):
        lip = (labels == NUMBER[name]).view(np.uint8)
        fuller = cv2.dilate(lip, _disc(unit)).view(bool)
        labels = np.where(fuller & skin, np.uint8(NUMBER[name]), labels)
    return drop_specks(labels, SMALLEST * unit * unit)


def drop_specks(labels: np.ndarray, smallest: int) -> np.ndarray:
    """Give patches of fewer pixels than ``smallest`` the label beside them.

    WIDE regions need WIDE_SMALLEST times as many.
    """
    keep = np.zeros(labels.shape, bool)
    for region in present_regions(labels):
        inside = (labels == region).view(np.uint8)
        x, y, wide, high = cv2.boundingRect(inside)
        box = slice(y, y + high), slice(x, x + wide)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(inside[box], connectivity=8)
        least = smallest * (WIDE_SMALLEST if region in WIDE else 1)
        large = stats[:, cv2.CC_STAT_AREA] >= least
        large[0] = False
        keep[box] |= large[parts]
    if keep.all() or not keep.any():
        return labels
    return spread_labels(labels, keep)


def areas(labels: np.ndarray) -> list[float]:
    """Percentage of the image of each of the 19 regions."""
    counts = np.bincount(labels.ravel(), minlength=NUM_REGIONS)
    return [round(float(count) * 100 / labels.size, 3) for count in counts]


def _smooth_hair(labels: np.ndarray, unit: int) -> np.ndarray:
    """Hair as one filled shape: gaps between locks closed, single locks omitted, edges rounded."""
    hair = (labels == NUMBER["hair"]).view(np.uint8)
    if not hair.any():
        return labels
    shape = cv2.morphologyEx(_padded(hair, 8 * unit), cv2.MORPH_CLOSE, _disc(4 * unit))
    shape = cv2.morphologyEx(shape, cv2.MORPH_OPEN, _disc(2 * unit))
    inner = slice(8 * unit, -8 * unit)
    shape = _rounded(_without_holes(shape, 300 * unit * unit), 2.2 * unit)[inner, inner]
    takes = shape & np.isin(labels, [NUMBER[name] for name in HAIR_TAKES])
    left = hair.view(bool) & ~shape
    labels = np.where(takes, np.uint8(NUMBER["hair"]), labels)
    return spread_labels(labels, ~left) if left.any() else labels


def _without_holes(mask: np.ndarray, largest: int) -> np.ndarray:
    """Fill the holes of a mask, uint8 0 or 1, that have fewer pixels than ``largest``."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < largest
    small[0] = False
    return np.where(small[np.asarray(parts, np.intp)], np.uint8(1), mask)


def _padded(mask: np.ndarray, wide: int) -> np.ndarray:
    return cv2.copyMakeBorder(mask, wide, wide, wide, wide, cv2.BORDER_REPLICATE)


def _rounded(mask: np.ndarray, spread: float) -> np.ndarray:
    """A mask with its corners rounded, bool. mask: uint8, 0 or 1."""
    return cv2.GaussianBlur(mask * np.uint8(255), (0, 0), spread) > 127


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
