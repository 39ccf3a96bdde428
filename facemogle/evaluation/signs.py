"""Signs of what the attribute classifier does not read: numbers that grow with it.

All take an image uint8 (H, W, 3) and the label map that it was made for, uint8 (H, W), and compare
an image with another of the same label map: alone they say little, as faces differ in much else.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.regions import REGIONS

SIDE = 512
"""Pixels to which images are brought, so that sizes below mean the same on all."""

_INDEX = {region.name: region.index for region in REGIONS}


def straightness(image: np.ndarray, label_map: np.ndarray) -> float:
    """How much strands that lie side by side in the hair run the same way, in [0, 1].

    The coherence of the luminance's structure tensor, each place counting by its contrast.
    """
    light, labels = _light(image), _labels(label_map)
    x, y = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(part, (0, 0), 8) for part in (x * x, y * y, x * y))
    hair = _eroded(labels == _INDEX["hair"], 9)
    along = np.sqrt((xx - yy) ** 2 + 4 * xy**2)[hair].sum()
    return float(along / max((xx + yy)[hair].sum(), 1e-6))


def spots(image: np.ndarray, label_map: np.ndarray) -> float:
    """How deep small dark spots of nose and cheeks are, in levels of 255."""
    light, labels = _light(image), _labels(label_map)
    closed = cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return float((closed - light)[_cheeks(labels)].mean())


def lid_color(image: np.ndarray, label_map: np.ndarray) -> float:
    """How far the colour above the eyes is from that of the cheeks: Lab, without the lightness."""
    labels = _labels(label_map)
    lab = cv2.cvtColor(_resized(image), cv2.COLOR_RGB2LAB).astype(np.float32)[..., 1:]
    eyes = np.isin(labels, (_INDEX["l_eye"], _INDEX["r_eye"])).astype(np.uint8)
    above = cv2.dilate(eyes, np.ones((25, 1), np.uint8), anchor=(0, 0)) > 0  # grows upwards
    lids = above & (labels == _INDEX["skin"])
    if not lids.any() or not _cheeks(labels).any():
        return 0.0
    return float(np.linalg.norm(lab[lids].mean(0) - np.median(lab[_cheeks(labels)], axis=0)))


def _cheeks(labels: np.ndarray) -> np.ndarray:
    """Skin and nose between the eyes' lower edge and the lips, bool (SIDE, SIDE)."""
    eyes = np.flatnonzero(np.isin(labels, (_INDEX["l_eye"], _INDEX["r_eye"])).any(1))
    lips = np.flatnonzero(np.isin(labels, (_INDEX["u_lip"], _INDEX["l_lip"])).any(1))
    face = _eroded(np.isin(labels, (_INDEX["skin"], _INDEX["nose"])), 9)
    if eyes.size and lips.size:
        face[: eyes[-1] + 8] = False
        face[lips[0] :] = False
    return face


def _eroded(mask: np.ndarray, pixels: int) -> np.ndarray:
    return cv2.erode(mask.astype(np.uint8), np.ones((pixels, pixels), np.uint8)) > 0


def _light(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(_resized(image), cv2.COLOR_RGB2GRAY).astype(np.float32)


def _resized(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _labels(label_map: np.ndarray) -> np.ndarray:
    return cv2.resize(label_map, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
