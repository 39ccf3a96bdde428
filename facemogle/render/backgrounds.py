"""Made backgrounds: plain, gradients, lights out of focus, rooms, leaves and skies."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 96
"""Backgrounds are blurred, so they are drawn small and enlarged."""


def draw_background(kind: str, size: int, draw: np.random.Generator) -> np.ndarray:
    """Draw a background, uint8 (size, size, 3). kind: as in Face.background."""
    first, second = _color(draw), _color(draw)
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    angle = draw.uniform(0, 2 * np.pi)
    share = (columns - 0.5) * np.cos(angle) + (rows - 0.5) * np.sin(angle) + 0.5
    if kind == "plain":
        second = first * draw.uniform(0.7, 1)
    image = (share[..., None] * first + (1 - share[..., None]) * second).astype(np.float32)
    painter = {"bokeh": _bokeh, "room": _room, "foliage": _foliage, "sky": _sky}.get(kind)
    if painter:
        image = painter(image, draw)
    if draw.random() < 0.5:
        image = image * (1 - 0.5 * np.hypot(columns - 0.5, rows - 0.5)[..., None])
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    grain = draw.normal(0, draw.uniform(0.5, 4), (size, size, 1))
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _bokeh(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    image = image * draw.uniform(0.35, 0.9)
    tint = _color(draw)
    for _ in range(draw.integers(10, 40)):
        disc = np.zeros((SIDE, SIDE), np.float32)
        centre = draw.integers(-10, SIDE + 10, 2).tolist()
        radius = int(draw.integers(2, 11))
        cv2.circle(disc, centre, radius, 0.8, -1, cv2.LINE_AA)
        cv2.circle(disc, centre, radius, 1.0, 1, cv2.LINE_AA)
        disc = cv2.GaussianBlur(disc, (0, 0), draw.uniform(0.6, 1.6))
        color = 0.5 * tint + 0.5 * _color(draw, 0.8)
        image = image + (color - image) * (disc * draw.uniform(0.15, 0.7))[..., None]
    return image


def _room(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A wall with windows, shelves, images and a darker floor."""
    floor = int(draw.uniform(0.7, 1.1) * SIDE)
    image[floor:] = image[floor:] * 0.5
    for _ in range(draw.integers(2, 7)):
        x, y = draw.integers(-20, SIDE, 2)
        wide, high = draw.integers(8, 45), draw.integers(12, 70)
        color = _color(draw, 0.95 if draw.random() < 0.3 else None)
        cv2.rectangle(image, (int(x), int(y)), (int(x + wide), int(y + high)), color.tolist(), -1)
        if draw.random() < 0.6:
            frame = (color * draw.uniform(0.4, 0.8)).tolist()
            for k in range(draw.integers(1, 5)):
                across = int(y + high * (k + 1) / 5)
                cv2.line(image, (int(x), across), (int(x + wide), across), frame, 2)
    return cv2.GaussianBlur(image, (0, 0), draw.uniform(1.5, 4.5))


def _foliage(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    deep = np.array((20, 45, 18)) + draw.uniform(0, 40, 3)
    image = 0.25 * image + 0.75 * deep.astype(np.float32)
    for layer in range(3):
        for _ in range(30):
            leaf = np.array((60, 110, 35)) * draw.uniform(0.4, 1.5) + draw.normal(0, 14, 3)
            centre = draw.integers(-5, SIDE + 5, 2).tolist()
            axes = (int(draw.integers(4, 13)), int(draw.integers(2, 6)))
            turn = draw.uniform(0, 360)
            color = np.clip(0.7 * leaf + 0.3 * leaf.mean(), 0, 255).tolist()
            cv2.ellipse(image, (centre, (2 * axes[0], 2 * axes[1]), turn), color, -1, cv2.LINE_AA)
        image = cv2.GaussianBlur(image, (0, 0), draw.uniform(1, 3.2 - layer))
    return _bokeh(image, draw) if draw.random() < 0.35 else image * draw.uniform(0.8, 1.3)


def _sky(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    rows = np.linspace(0, 1, SIDE)[:, None, None]
    blue, low = np.array((90, 150, 220.0)), np.array((215, 225, 235.0))
    image = 0.15 * image + 0.85 * (blue * (1 - rows) + low * rows) * draw.uniform(0.6, 1.05)
    clouds = np.zeros((SIDE, SIDE), np.float32)
    for size in (6, 12, 24):
        coarse = draw.random((size, size)).astype(np.float32)
        clouds += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) * size**-0.5
    clouds = np.clip((clouds / clouds.max() - 0.55) * 3, 0, 1)[..., None]
    image = image + (245 - image) * clouds * 0.7
    ridge = int(draw.uniform(0.6, 1.1) * SIDE)
    image[ridge:] = 0.6 * _color(draw) + 30
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2.5)


def _color(draw: np.random.Generator, value: float | None = None) -> np.ndarray:
    value = float(np.clip(draw.normal(0.55, 0.25), 0.05, 0.98)) if value is None else value
    hsv = np.array([[[draw.uniform(0, 360), draw.beta(1.1, 3.8), value]]], np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255
