"""Leaks: a word of a prompt colours or shapes what it does not belong to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import cv2
import numpy as np
from tqdm.auto import tqdm

from facemogle.attributes.classifier import AttributeClassifier
from facemogle.attributes.vocabulary import ATTRIBUTES
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value
from facemogle.masks.regions import REGIONS

_NAMES = [attribute.name for attribute in ATTRIBUTES]
_INDEX = {region.name: region.index for region in REGIONS}
HAIR, BEARD, LIPSTICK = (_NAMES.index(name) for name in ("hair colour", "beard", "lipstick"))
OTHER_COLORS = ("blond", "red", "gray", "brown")
HAIRED = 0.04
"""Share of a mask from which its hair is enough to read a colour."""
BLUE, GREEN = -3.0, -2.5
"""Lab's b and a, in its own units, below which no full beard of the renders lies."""


def leaks(
    held: HeldOut,
    numbers: Sequence[int],
    gallery: Gallery,
    classifier: AttributeClassifier,
    made: np.ndarray,
    real: np.ndarray,
) -> Section:
    """How often it happens on generated images, and on renders where the same is to be seen.

    numbers: of the faces whose masks get such prompts. made, real: the classifier's readings of all
    faces' images, of their captions and of the renders, int64 (n, A).
    """
    assert held.rows is not None
    truth, told = held.classes(), held.told()

    def images(thing: str, form: str, numbers: Sequence[int]) -> list[np.ndarray]:
        """Of a prompt for each of these masks, which tells a colour of the hair."""
        colors = cycle(OTHER_COLORS)
        return [
            gallery.image(
                f"leaks/{thing}/{held.faces.ids[n]}",
                form.format(next(colors)),
                held.faces.label_map(n),
            )
            for n in tqdm(numbers, desc=f"leaks: {thing}")
        ]

    def read(thing: str, form: str, numbers: Sequence[int]) -> np.ndarray:
        found = [classifier.read(image[None])[0] for image in images(thing, form, numbers)]
        return np.array(found).reshape(-1, len(ATTRIBUTES))

    black, stubble = _class(HAIR, "black"), _class(BEARD, "stubble")
    full = _class(BEARD, "full beard")
    haired = [n for n in numbers if (held.faces.label_map(n) == _INDEX["hair"]).mean() > HAIRED]
    glasses = read("black glasses", "a woman with {} hair, black glasses", haired)
    shadow = read("stubble", "a man with {} hair, stubble", numbers)
    bearded = images("full beard", "a man with {} hair, a full beard", numbers)
    odd = [
        odd_beard(image, held.faces.label_map(n)) for image, n in zip(bearded, numbers, strict=True)
    ]
    real_odd = [
        odd_beard(held.faces.image(n), held.faces.label_map(n))
        for n in np.flatnonzero(truth[:, BEARD] == full).tolist()
    ]
    other = (truth[:, HAIR] >= 0) & (truth[:, HAIR] != black)
    unasked = ~told[:, LIPSTICK] & (truth[:, LIPSTICK] == 0)
    rows = [
        _row(
            "black glasses, hair read black", glasses[:, HAIR] == black, real[other, HAIR] == black
        ),
        _row(
            "stubble, read as full beard",
            shadow[:, BEARD] == full,
            real[truth[:, BEARD] == stubble, BEARD] == full,
        ),
        _row("full beard, olive or blue", np.array(odd), np.array(real_odd, bool)),
        _row(
            "lipstick that no caption tells",
            made[unasked, LIPSTICK] != 0,
            real[unasked, LIPSTICK] != 0,
        ),
    ]
    over = [values[2] for _, values in rows if values[2] is not None]
    rows.insert(0, ("most of all", (None, None, max(over, default=None), None)))  # pyright: ignore
    note = (
        "Share of the images, and of the renders that show the thing: hair that is not black, "
        "stubble, full beards, bare lips. Above: by how much the first is larger."
    )
    return Section("leaks", ("generated", "renders", "above", "images"), rows, note)


def odd_beard(image: np.ndarray, label_map: np.ndarray) -> bool:
    """Whether the darker half of the chin is greener or bluer than any natural hair.

    image: uint8 (H, W, 3). label_map: uint8 (H, W).
    """
    chin = _chin(label_map)
    if not chin.any():
        return False
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[chin]
    dark = lab[lab[:, 0] <= np.median(lab[:, 0])]
    green, blue = np.median(dark[:, 1:], axis=0)
    return bool(green < GREEN or blue < BLUE)


def _chin(label_map: np.ndarray) -> np.ndarray:
    """Skin below the lips, bool (H, W)."""
    rows = np.flatnonzero((label_map == _INDEX["l_lip"]).any(1))
    chin = label_map == _INDEX["skin"]
    chin[: rows[-1] + 1 if rows.size else len(chin)] = False
    return chin


def _class(attribute: int, value: str) -> int:
    return ATTRIBUTES[attribute].values.index(value)


def _row(
    title: str, made: np.ndarray, real: np.ndarray
) -> tuple[str, tuple[Value, Value, Value, Value]]:
    shares = [float(hits.mean()) if hits.size else None for hits in (made, real)]
    above = None if None in shares else shares[0] - shares[1]  # pyright: ignore
    return title, (*shares, above, int(made.size))  # pyright: ignore
