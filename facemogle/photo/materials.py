"""What each pixel of a crop is made of: background, skin, hair, cloth, hat.

Bayes' rule over four witnesses: where such a thing is on a head, given its mesh; the person's
outline; what the parser says; and the colour, of which nothing is known beforehand: histograms
and labels are estimated in turns (expectation maximization) in this one image.

Shapes: S = side of the crop, M = 5 materials.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.regions import NUM_REGIONS
from facemogle.photo.features import (
    BROWS,
    CHIN,
    EYE_CORNERS,
    FOREHEAD,
    JAW,
    L_EAR,
    NUMBER,
    OVAL,
    R_EAR,
    outline,
)

BACKGROUND, SKIN, HAIR, CLOTH, HAT = range(5)
OF_REGION = np.full(NUM_REGIONS, SKIN)
OF_REGION[[NUMBER[name] for name in ("background", "hair", "cloth", "hat")]] = (
    BACKGROUND, HAIR, CLOTH, HAT,
)  # fmt: skip

SIDE = 256
"""Side at which materials are told apart."""
ROUNDS = 4
BINS = 16
"""Bins of a colour channel."""
BALD = 0.02
"""Share of hair, of the crop, below which a head is taken for bald, and how likely hair then is."""
UNSURE = 0.06
"""Least probability that the person's outline gives to anything."""
COLOR_WEIGHT = 0.6
"""Of a pixel's colour: its neighbours' are no independent witnesses."""
OFF_FACE = 0.1
"""How much a pixel outside the face tells of the skin's colour: it may be a collar."""
RADIUS, SMOOTHNESS = 4, 1e-3
"""Of the filter that makes labels follow the image's edges."""


def tell_materials(
    image: np.ndarray, points: np.ndarray, parsed: np.ndarray, person: np.ndarray, trust: float
) -> np.ndarray:
    """How likely each material is at every pixel: float32 (M, S, S), which sum to 1.

    image: uint8 (S, S, 3). points: mesh in its pixels, float (468, 2). parsed: labels of a parser,
    uint8 (S, S). person: share of a person, float32 (S, S). trust: in the parser,
    in [0, 1].
    """
    share = SIDE / image.shape[0]
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    face = outline(points * share, SIDE)
    is_person = np.clip(cv2.resize(person, (SIDE, SIDE)), UNSURE, 1 - UNSURE)
    place = _places(points * share, face)
    if trust > 0.5 and (OF_REGION[parsed] == HAIR).sum() < BALD * parsed.size:
        place[HAIR - 1] *= BALD
    place /= place.sum(0)
    before = np.log(np.concatenate([1 - is_person[None], is_person * place]).clip(1e-5))
    before += np.log(_said(parsed, trust))
    guess = _normalized(before)
    code = _codes(small)
    reliable = np.where(face, 1, OFF_FACE)
    for _ in range(ROUNDS):
        colors = np.stack(
            [_likelihood(code, one * reliable if n == SKIN else one) for n, one in enumerate(guess)]
        )
        guess = _normalized(before + COLOR_WEIGHT * np.log(colors))
        guess = np.stack([_guided(small, one) for one in guess]).clip(1e-6)
    guess = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in guess])
    large = np.stack([cv2.resize(one, image.shape[1::-1]) for one in guess.astype(np.float32)])
    return large / large.sum(0)


def _places(points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """How likely skin, hair, cloth and hat are at a place of a person: (4, SIDE, SIDE)."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    width = np.ptp(points[list(OVAL), 0])
    beyond = cv2.distanceTransform(1 - face.view(np.uint8), cv2.DIST_L2, 5) / width
    chin, high = points[CHIN], points[CHIN, 1] - points[FOREHEAD, 1]
    jaw, brow, eye = (points[list(which), 1].mean() for which in (JAW, BROWS, EYE_CORNERS))
    below = _step(jaw, chin[1], y)
    in_neck = np.exp(-np.maximum(np.abs(x - chin[0]) / width - 0.38, 0) / 0.08)
    neck = 0.7 * in_neck * (1 - 0.85 * _step(chin[1] + 0.1 * high, chin[1] + 0.6 * high, y))
    beside = 0.4 * np.exp(-beyond / 0.12) * (1 - below)  # ears, a high forehead
    beside = np.maximum(beside, 0.75 * _ears(points, x, y, width))
    around = (0.55 - 0.42 * _step(eye, chin[1], y)) * np.exp(-np.maximum(beyond - 0.3, 0) / 0.25)
    over = y < brow
    skin = np.where(face, np.where(over, 0.75, 0.97), np.maximum(beside, below * neck))
    hair = np.where(face, np.where(over, 0.25, 0.03), around)
    cloth = np.where(face, 0.003, 0.004 + 0.75 * _step(jaw, chin[1] + 0.2 * high, y))
    hat = np.where(over, np.where(face, 0.03, 0.1), 0.002)
    return np.stack([skin, hair, cloth, hat])


def _ears(points: np.ndarray, x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """How likely an ear is at a place, if hair does not cover it: (SIDE, SIDE)."""
    top, low = points[list(EYE_CORNERS), 1].mean(), points[list(JAW), 1].mean()
    along = (y - (0.55 * top + 0.45 * low)) / (0.6 * (low - top))
    return np.maximum.reduce(
        [
            np.exp(-(((x - points[ear, 0]) / width - side * 0.05) ** 2) / 0.1**2 - along**4)
            for ear, side in ((R_EAR, -1), (L_EAR, 1))
        ]
    )


def _said(parsed: np.ndarray, trust: float) -> np.ndarray:
    """What a parser's word makes of each material: (M, SIDE, SIDE)."""
    of_pixel = OF_REGION[parsed]
    shares = [
        cv2.GaussianBlur(cv2.resize((of_pixel == one).astype(np.float32), (SIDE, SIDE)), (0, 0), 2)
        for one in range(5)
    ]
    return trust * np.stack(shares) + (1 - trust) / 5


def _codes(image: np.ndarray) -> np.ndarray:
    """The number of each pixel's bin in a histogram of its colour: (SIDE, SIDE)."""
    a, b, c = np.moveaxis(cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(int) * BINS // 256, -1, 0)
    return (a * BINS + b) * BINS + c


def _likelihood(code: np.ndarray, share: np.ndarray) -> np.ndarray:
    """How likely every pixel's colour is in what ``share`` says is of one material."""
    counts = np.bincount(code.ravel(), share.ravel(), BINS**3).reshape(BINS, BINS, BINS)
    from scipy.ndimage import gaussian_filter  # takes a while, and no page waits for it

    smooth = gaussian_filter(counts / max(counts.sum(), 1.0), (1, 0.7, 0.7))
    return smooth.ravel()[code] + 1e-5


def _guided(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Smooth, but not across the image's edges: a guided filter (He, Sun, Tang, ECCV 2010)."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * RADIUS + 1, 2 * RADIUS + 1))

    gray = image.mean(2) / 255
    gray_mean, share_mean = mean(gray), mean(share)
    slope = (mean(gray * share) - gray_mean * share_mean) / (
        mean(gray * gray) - gray_mean**2 + SMOOTHNESS
    )
    return mean(slope) * gray + mean(share_mean - slope * gray_mean)


def _normalized(logarithms: np.ndarray) -> np.ndarray:
    shares = np.exp(logarithms - logarithms.max(0))
    return shares / shares.sum(0)


def _step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
