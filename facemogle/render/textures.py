"""Textures: read from files, measured, and noise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facemogle.render.assets import Fitting


def read_rgba(path: Path) -> np.ndarray:
    """An image of any kind, uint8 (H, W, 4)."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError(f"{path} is not an image: get it again.")
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    to = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(image, to)


def cheek_color(path: Path) -> np.ndarray:
    """Mean linear colour of a skin texture at the cheek, (3,)."""
    image = read_rgba(path)
    side = image.shape[0]
    cheek = image[int(0.4 * side) : int(0.47 * side), int(0.865 * side) : int(0.885 * side), :3]
    return ((cheek / 255.0) ** 2).reshape(-1, 3).mean(0)


def brightness(fitting: Fitting) -> float:
    """Mean linear brightness of a hair texture where it is opaque."""
    if fitting.texture is None:
        return 0.1
    image = read_rgba(fitting.texture)
    hair = (image[..., :3][image[..., 3] > 128] / 255.0) ** 2
    return float((hair @ (0.3, 0.5, 0.2)).mean()) if len(hair) else 0.1


def smooth_noise(side: int = 256) -> np.ndarray:
    """Two channels of smooth noise that tile."""
    draw = np.random.default_rng(0)
    channels = []
    for _ in range(2):
        white = np.tile(draw.random((side, side)).astype(np.float32), (3, 3))
        value = np.zeros_like(white)
        for share, width in ((1, 0.8), (0.8, 2)):
            blurred = cv2.GaussianBlur(white, (0, 0), width)
            value += share * (blurred - blurred.mean()) / blurred.std()
        value = value[side : 2 * side, side : 2 * side]
        channels.append(np.clip(value / value.std() * 0.19 + 0.5, 0, 1) * 255)
    return np.dstack(channels).astype(np.uint8)


def draw_pores(side: int = 512, count: int = 3400) -> np.ndarray:
    """Skin close up, uint8 (side, side, 2), tiles: depth of the pores, 0 = none; its relief."""
    draw = np.random.default_rng(7)
    deep = np.zeros((3 * side, 3 * side), np.float32)
    for x, y, size in draw.random((count, 3)) * (side, side, 1):
        depth = 0.35 + 0.65 * draw.random()
        for shift_x in (0, side, 2 * side):
            for shift_y in (0, side, 2 * side):
                centre = round((x + shift_x) * 8), round((y + shift_y) * 8)
                cv2.circle(
                    deep, centre, round((1.3 + 1.9 * size**3) * 8), depth, -1, cv2.LINE_AA, 3
                )
    deep = cv2.GaussianBlur(deep, (0, 0), 1.0)
    white = np.tile(draw.random((side, side)).astype(np.float32), (3, 3))
    relief = cv2.GaussianBlur(white, (0, 0), 1.6) - cv2.GaussianBlur(white, (0, 0), 4)
    relief = np.clip(0.5 + 0.2 * relief / relief.std(), 0, 1)
    tile = slice(side, 2 * side)
    return (np.dstack([np.clip(deep, 0, 1), relief])[tile, tile] * 255).astype(np.uint8)
