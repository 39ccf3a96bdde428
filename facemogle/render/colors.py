"""Colours of a face's skin, hair, make-up and clothes, and the lights on it. All are linear."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Any

import numpy as np

from facemogle.render.face import Face
from facemogle.render.geometry import Camera

HAIR = {
    "black": (0.012, 0.010, 0.010),
    "dark brown": (0.040, 0.022, 0.014),
    "brown": (0.095, 0.050, 0.028),
    "light brown": (0.18, 0.105, 0.055),
    "blond": (0.45, 0.262, 0.115),
    "platinum blond": (0.62, 0.52, 0.38),
    "red": (0.24, 0.070, 0.025),
    "auburn": (0.13, 0.038, 0.020),
    "gray": (0.27, 0.26, 0.25),
    "white": (0.47, 0.46, 0.44),
    "blue": (0.04, 0.10, 0.30),
    "pink": (0.50, 0.13, 0.25),
}
DYED = ("blue", "pink")
BROWS = {"gray": np.array((0.105, 0.1, 0.095)), "white": np.array((0.17, 0.165, 0.155))}
"""Brows stay darker than hair that turns gray."""
LIGHT = ("white", "gray", "platinum blond", "blond")

# Reflectance at Monk 1, 4, 6, 8 and 10.
TONES = (1, 3.7, 6, 8.2, 10)
SKIN = (
    (0.72, 0.57, 0.36, 0.185, 0.095),
    (0.47, 0.335, 0.19, 0.088, 0.046),
    (0.365, 0.235, 0.115, 0.05, 0.029),
)
LIPSTICKS = ((0.72, 0.10, 0.16), (0.80, 0.25, 0.30), (0.55, 0.06, 0.12), (0.85, 0.35, 0.38),
             (0.62, 0.20, 0.24))  # fmt: skip
EYESHADOWS = ((0.35, 0.20, 0.22), (0.25, 0.22, 0.35), (0.18, 0.15, 0.14), (0.45, 0.30, 0.22))
ENAMEL = np.array(((0.80, 0.74, 0.64), (0.66, 0.57, 0.42)))
"""Of white teeth, and of yellow ones."""
METALS = ((0.75, 0.55, 0.20), (0.65, 0.65, 0.68), (0.75, 0.70, 0.68), (0.1, 0.35, 0.25))
LENSES = ((0.004, 0.004, 0.005), (0.010, 0.010, 0.012), (0.035, 0.016, 0.006),
          (0.006, 0.018, 0.009), (0.008, 0.014, 0.035))  # fmt: skip
FRAMES = {
    "black": (0.01, 0.01, 0.01),
    "brown": (0.05, 0.025, 0.012),
    "gold": (0.35, 0.30, 0.18),
    "silver": (0.30, 0.30, 0.32),
    "red": (0.10, 0.012, 0.02),
    "blue": (0.02, 0.03, 0.09),
}
"""Of glasses."""


@dataclass(frozen=True)
class Looks:
    """Colours, (3,) each; make-up with its opacity, (4,). frame: a name of `FRAMES`.

    lens: of sunglasses. lens_options: their opacity, reflection, and how clear they are below.
    """

    face: Face
    skin: np.ndarray
    hair: np.ndarray
    hair_ends: np.ndarray
    beard: np.ndarray
    brows: np.ndarray
    lipstick: tuple[float, ...]
    eyeshadow: tuple[float, ...]
    blush: float
    frame: str
    metal: tuple[float, ...]
    lens: tuple[float, ...]
    lens_options: tuple[float, ...]
    cloths: list[np.ndarray]
    enamel: np.ndarray

    def skins(self, names: list[str]) -> tuple[str, str, float]:
        """Two skin textures and the share of the second, close to the face's age and tone."""
        draw = self.face.draw("skin")
        weights = []
        for name in names:
            weight = 2.0 if ("dark" in name) == (self.face.monk > 5) else 0.35
            weight *= 2.0 if ("old" in name) == (self.face.years > 55) else 0.4
            same = ("_female_" in name) == (self.face.gender == "woman")
            weights.append(weight * (1.0 if same else 0.05))
        shares = np.array(weights) / sum(weights)
        first, second = draw.choice(names, 2, p=shares)
        return str(first), str(second), float(draw.uniform(0, 0.5))

    def irises(self, names: list[str]) -> list[str]:
        """Eye textures, brown ones as often as they are with such skin and hair."""
        brown = [name for name in names if "brown" in name]
        light = [name for name in names if "brown" not in name]
        share = np.interp(self.face.monk, (1, 3, 5, 6), (0.65, 0.5, 0.12, 0.0))
        if self.face.hair_color in ("black", "dark brown"):
            share = share / 2
        if share < 0.03:
            return brown
        return light + brown * round(len(light) * (1 / share - 1) / len(brown))


def mix_looks(face: Face) -> Looks:
    """Draw the colours of a face."""
    draw = face.draw("skin")
    draw.random(8)
    skin = np.exp([np.interp(face.monk, TONES, np.log(channel)) for channel in SKIN])
    skin = skin * np.exp(draw.normal(0, 0.05, 3))
    hue = 0.015 if face.hair_color in ("gray", "white") else 0.05
    hair = np.array(HAIR[face.hair_color]) * np.exp(draw.normal(0, 0.1) + draw.normal(0, hue, 3))
    ends = hair * 2.2 + 0.03 if draw.random() < 0.15 else hair * 1.1
    natural = np.array(HAIR["dark brown"]) if face.hair_color in DYED else hair
    dark = 0.45 if face.hair_color in LIGHT else draw.uniform(0.5, 0.9)
    shade = np.interp(face.monk, (1, 10), (1, 0.7))
    lipstick = np.square(LIPSTICKS[draw.integers(5)]) ** 0.5 * shade
    eyeshadow = EYESHADOWS[draw.integers(4)]
    strengths = draw.uniform((0.4, 0.3, 0.3), (0.8, 0.65, 0.8)) * (
        face.lipstick, face.eyeshadow, face.blush
    )  # fmt: skip
    return Looks(
        face, skin, hair, ends,
        natural * (0.55 if face.hair_color in LIGHT and face.hair_color != "white" else 0.9),
        BROWS.get(face.hair_color, natural * dark),
        (*lipstick, strengths[0]), (*eyeshadow, strengths[1]), strengths[2],
        [*FRAMES][draw.integers(len(FRAMES))], METALS[draw.integers(len(METALS))],
        LENSES[draw.integers(len(LENSES))],
        (draw.uniform(0.82, 0.97), draw.uniform(0.3, 1.6), draw.uniform(0, 0.9)),
        [_cloth(draw) for _ in range(4)],
        _enamel(draw, face.years),
    )  # fmt: skip


def _enamel(draw: np.random.Generator, years: int) -> np.ndarray:
    yellow = np.clip(draw.uniform(-0.2, 0.5) + 0.5 * (years - 25) / 60, 0, 1)
    return ENAMEL[0] * (1 - yellow) + ENAMEL[1] * yellow


def mix_lights(face: Face, camera: Camera, backdrop: np.ndarray) -> dict[str, Any]:
    """Draw the shaders' values, by name, of the lights, whose shade follows the background."""
    draw = face.draw("light")
    azimuth = draw.uniform(-70, 70)
    other = -np.sign(azimuth)
    behind = ((backdrop.reshape(-1, 3).mean(0) / 255.0) ** 2).clip(0.02)
    sky = np.array((0.92, 0.96, 1.04)) * 0.86 + 0.14 * behind / behind.mean()
    strength = draw.uniform(0.9, 1.5)
    exposure = draw.uniform(0.85, 1.15) * np.interp(face.monk, (1, 5, 10), (0.96, 1.05, 1.22))
    sky = sky * draw.uniform(0.35, 0.75) * exposure
    return {
        "key_direction": camera.direction(azimuth, draw.uniform(8, 55)),
        "key_color": _warmth(draw.normal(0.12, 0.3)) * strength * exposure,
        "fill_direction": camera.direction(other * draw.uniform(20, 80), draw.uniform(-10, 30)),
        "fill_color": _warmth(draw.normal(0, 0.3)) * strength * draw.uniform(0.15, 0.5) * exposure,
        "rim_direction": camera.direction(draw.uniform(125, 235), draw.uniform(10, 50)),
        "rim_color": _warmth(draw.normal(-0.1, 0.4)) * strength * draw.uniform(0, 0.7) * exposure,
        "sky_color": sky,
        "ground_color": sky * draw.uniform(0.4, 0.8) * (1.05, 0.97, 0.9),
        "seed": float(draw.uniform(0, 9)),
        "shadow_width": float(draw.uniform(0.008, 0.024)),
    }


def _warmth(amount: float) -> np.ndarray:
    amount = float(np.clip(amount, -0.6, 0.9))
    return np.array((1 + 0.3 * amount, 1 - 0.035 * amount, 1 - 0.36 * amount))


def _cloth(draw: np.random.Generator) -> np.ndarray:
    value = float(np.clip(draw.normal(0.5, 0.28), 0.06, 0.95))
    return np.square(colorsys.hsv_to_rgb(draw.random(), draw.beta(1, 1.7) * 0.9, value))
