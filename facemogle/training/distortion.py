"""What a face parser must not mind: flips, crops, scenes, colours, blur, noise, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.label_map import mirror
from facemogle.masks.regions import REGIONS

_INDEX = {region.name: region.index for region in REGIONS}
NECK, CLOTH, HAIR = (_INDEX[name] for name in ("neck", "cloth", "hair"))

MOST_DEGREES = 15.0
SCALES = (0.85, 1.35)
MOST_SHIFT = 0.08
"""Of the image's side."""
SCENE_SCALES = (0.55, 1.1)
"""Of a face that is set into another scene."""
MOST_SHAPES = 12


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
    if colors and draw.random() < 0.4:
        image, label_map = _in_a_scene(image, label_map, draw)
    else:
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
    matrix, size = _movement(label_map.shape, SCALES, draw), label_map.shape[::-1]

    def warped(array: np.ndarray, flags: int) -> np.ndarray:
        return cv2.warpAffine(array, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)

    return warped(image, cv2.INTER_LINEAR), warped(label_map, cv2.INTER_NEAREST)


def _in_a_scene(
    image: np.ndarray, label_map: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The person alone, moved, before surroundings that no renderer made.

    A photograph's background has edges, and colours of skin and hair; a render's has neither.
    """
    size = label_map.shape[::-1]
    matrix = _movement(label_map.shape, SCENE_SCALES, draw)
    image, label_map = _with_shoulders(image, label_map, draw)
    person = (label_map > 0).astype(np.float32)
    share = cv2.warpAffine(person, matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    moved = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    scene = _surroundings(size[::-1], draw)
    label_map = cv2.warpAffine(label_map, matrix, size, flags=cv2.INTER_NEAREST)
    return np.rint(share * moved + (1 - share) * scene).astype(np.uint8), label_map


def _with_shoulders(
    image: np.ndarray, label_map: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The person twice as high: hair goes on below the image, and clothes of any colour lie there,
    as far as the person is wide, and farther down.
    """
    height, width = label_map.shape
    around = {"top": 0, "bottom": height, "left": 0, "right": 0}
    image = cv2.copyMakeBorder(image, **around, borderType=cv2.BORDER_REPLICATE)
    label_map = cv2.copyMakeBorder(label_map, **around, borderType=cv2.BORDER_REPLICATE)
    body = np.flatnonzero(np.isin(label_map[height], (NECK, CLOTH)))
    if len(body):
        left, right, drop = int(body[0]), int(body[-1]), int(draw.uniform(0, 0.3) * height)
        corners = [(left, height), (right, height), (width, height + drop)]
        corners += [(width, 2 * height), (0, 2 * height), (0, height + drop)]
        shoulders = np.zeros_like(label_map)
        cv2.fillPoly(shoulders, [np.array(corners, np.int32)], 1)
        below = shoulders.astype(bool) & (np.arange(2 * height) >= height)[:, None]
        below &= label_map != HAIR
        image[below] = draw.uniform(0, 255, 3)
        label_map[below] = CLOTH
    return image, label_map


def _surroundings(shape: tuple[int, ...], draw: np.random.Generator) -> np.ndarray:
    """Shapes of any colour before a gradient, sharp or blurred: float32 (H, W, 3), 0..255."""
    height, width = shape
    corners = draw.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    scene = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(draw.integers(MOST_SHAPES + 1)):
        center = draw.integers(0, (width, height)).tolist()
        axes = draw.integers(4, (width // 2, height // 2)).tolist()
        color, angle = draw.uniform(0, 255, 3).tolist(), float(draw.uniform(0, 180))
        if draw.random() < 0.5:
            cv2.ellipse(scene, (center, axes, angle), color, -1)
        else:
            box = cv2.boxPoints((center, axes, angle))
            cv2.fillPoly(scene, [np.rint(box).astype(np.int32)], color)
    if draw.random() < 0.5:
        scene = cv2.GaussianBlur(scene, (0, 0), draw.uniform(1, 12))
    grain = draw.normal(0, draw.uniform(0, 12), (*shape, 1)).astype(np.float32)
    return (scene + grain).clip(0, 255)


def _movement(
    shape: tuple[int, ...], scales: tuple[float, float], draw: np.random.Generator
) -> np.ndarray:
    """A matrix (2, 3) that turns, scales and shifts an image of (height, width) pixels."""
    height, width = shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), draw.uniform(-MOST_DEGREES, MOST_DEGREES), draw.uniform(*scales)
    )
    matrix[:, 2] += draw.uniform(-MOST_SHIFT, MOST_SHIFT, 2) * (width, height)
    return matrix


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
