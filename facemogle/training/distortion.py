"""What a face parser must not mind: flips, crops, colours, blur, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.label_map import mirror

MOST_DEGREES = 15.0
SCALES = (0.85, 1.35)
MOST_SHIFT = 0.08
"""Of the image's side."""


def distort(
    image: np.ndarray, label_map: np.ndarray, draw: np.random.Generator, colors: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """One face as another camera, painter or file format might have it.

    image: uint8 (H, W, 3); label_map: uint8 (H, W). colors: whether they may change too, which
    someone who learns what colour hair has must not see.
    Returns both in the same shapes; the label map follows what moves the image, and a flip
    exchanges left and right regions.
    """
    if draw.random() < 0.5:
        image, label_map = np.ascontiguousarray(image[:, ::-1]), mirror(label_map)
    image, label_map = _moved(image, label_map, draw)
    for change, probability in (
        (_other_colors, 0.8 if colors else 0),
        (_grey, 0.1 if colors else 0),
        (_blurred, 0.3),
        (_coarse, 0.2),
        (_noisy, 0.3),
        (_compressed, 0.3),
    ):
        if draw.random() < probability:
            image = change(image, draw)
    return image, label_map


def _moved(
    image: np.ndarray, label_map: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Turn, scale and shift; what comes in from outside is the image's mirror image."""
    height, width = label_map.shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2),
        draw.uniform(-MOST_DEGREES, MOST_DEGREES),
        draw.uniform(*SCALES),
    )
    matrix[:, 2] += draw.uniform(-MOST_SHIFT, MOST_SHIFT, 2) * (width, height)

    def warped(array: np.ndarray, flags: int) -> np.ndarray:
        size, border = (width, height), cv2.BORDER_REFLECT_101
        return cv2.warpAffine(array, matrix, size, flags=flags, borderMode=border)

    return warped(image, cv2.INTER_LINEAR), warped(label_map, cv2.INTER_NEAREST)


def _other_colors(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Another light: brightness, contrast, gamma, saturation, a tint."""
    x = image.astype(np.float32) / 255
    x = x ** np.exp(draw.uniform(-0.35, 0.35)).astype(np.float32)
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * np.float32(draw.uniform(0.5, 1.5))
    x = (x - 0.5) * np.float32(draw.uniform(0.7, 1.3)) + 0.5
    x = x * draw.uniform(0.85, 1.15, 3).astype(np.float32) + np.float32(draw.uniform(-0.1, 0.1))
    return (x.clip(0, 1) * 255).astype(np.uint8)


def _grey(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _blurred(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), draw.uniform(0.4, 2.0))


def _coarse(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """As if enlarged from a small image."""
    height, width = image.shape[:2]
    share = draw.uniform(0.3, 0.8)
    small = (round(width * share), round(height * share))
    small = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _noisy(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    noise = draw.normal(0, draw.uniform(2, 14), image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def _compressed(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    quality = int(draw.integers(30, 95))
    _, file = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
