"""The phrases that the page offers, each used alone: does the image show what the phrase says?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from tqdm.auto import tqdm

from facemogle.attributes.classifier import AttributeClassifier
from facemogle.attributes.vocabulary import ATTRIBUTES
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value
from facemogle.evaluation.signs import lid_color, spots, straightness
from facemogle.masks.regions import REGIONS

WORKS = 2 / 3
"""Share of the images that must show it."""
FEWEST_HAIR = 0.04

_NAMES = [attribute.name for attribute in ATTRIBUTES]
_INDEX = {region.name: region.index for region in REGIONS}


@dataclass(frozen=True)
class Reads:
    """The classifier must read this value of an attribute."""

    attribute: str
    value: str


@dataclass(frozen=True)
class Grows:
    """A sign of `signs` must be so many times what it is on the image of another phrase."""

    sign: Callable[[np.ndarray, np.ndarray], float]
    by: float
    than: str = ""


CLAIMS: Mapping[str, Reads | Grows] = {
    "fair skin": Reads("skin tone", "fair"),
    "light skin": Reads("skin tone", "fair"),
    "tan skin": Reads("skin tone", "medium"),
    "brown skin": Reads("skin tone", "medium"),
    "dark skin": Reads("skin tone", "dark"),
    "deep skin": Reads("skin tone", "dark"),
    "blond hair": Reads("hair colour", "blond"),
    "brown hair": Reads("hair colour", "brown"),
    "black hair": Reads("hair colour", "black"),
    "red hair": Reads("hair colour", "red"),
    "auburn hair": Reads("hair colour", "red"),
    "gray hair": Reads("hair colour", "gray"),
    "curly hair": Grows(straightness, 0.9, than="straight hair"),
    "wavy hair": Grows(straightness, 1.05, than="curly hair"),
    "straight hair": Grows(straightness, 1.02, than="wavy hair"),
    "stubble": Reads("beard", "stubble"),
    "full beard": Reads("beard", "full beard"),
    "goatee": Reads("beard", "moustache or goatee"),
    "moustache": Reads("beard", "moustache or goatee"),
    "round eyeglasses": Reads("glasses", "eyeglasses"),
    "sunglasses": Reads("glasses", "sunglasses"),
    "lipstick": Reads("lipstick", "lipstick"),
    "eye shadow": Grows(lid_color, 1.5),
    "freckles": Grows(spots, 1.15),
}
"""What each phrase of `facemogle.prompts.words` says, but for those of people; and others that a
better model could be offered with."""


def plain_faces(held: HeldOut, numbers: Sequence[int], most: int) -> list[int]:
    """Those of the faces, so many at most, whose masks show hair, and neither glasses nor a hat."""
    found = (n for n in numbers if _is_plain(held.faces.label_map(n)))
    return list(islice(found, most))


def _is_plain(label_map: np.ndarray) -> bool:
    worn = np.isin(label_map, (_INDEX["eye_g"], _INDEX["hat"])).any()
    return not worn and bool((label_map == _INDEX["hair"]).mean() >= FEWEST_HAIR)


def chips(
    phrases: Sequence[str],
    held: HeldOut,
    numbers: Sequence[int],
    gallery: Gallery,
    classifier: AttributeClassifier,
) -> Section:
    """What each phrase does to the images of some masks that have no other prompt.

    phrases: those that the page offers for this model, all of them in `CLAIMS`.
    """
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for phrase in tqdm(phrases, desc="phrases alone"):
        changes, shown = [], []
        for n in numbers:
            without, image = (alone(text, held, n, gallery) for text in ("", phrase))
            changes.append(float(np.abs(image.astype(int) - without).mean()))
            claim = CLAIMS[phrase]
            if isinstance(claim, Reads):
                shown.append(_reads(claim, image, classifier))
            else:
                other = alone(claim.than, held, n, gallery)
                shown.append(_grows(claim, image, other, held.faces.label_map(n)))
        share = float(np.mean(shown)) if shown else None
        works = None if share is None else int(share >= WORKS)
        rows.append((phrase, (len(shown), _mean(changes), share, works)))
    works = [values[3] for _, values in rows if values[3] is not None]
    share = float(np.mean(works)) if works else None  # pyright: ignore
    rows.insert(0, ("all phrases", (len(rows), None, share, sum(works))))  # pyright: ignore
    note = (
        f"Change of the whole image, in levels of 255. It works if {WORKS:.0%} of the images show "
        "what it says: read by the classifier, or by a sign that differs enough from that of an "
        "image without a prompt (freckles, eye shadow) or of other hair (its shape)."
    )
    columns = ("images", "change", "as it says", "works")
    return Section("phrases of the page, used alone", columns, rows, note)


def alone(phrase: str, held: HeldOut, n: int, gallery: Gallery) -> np.ndarray:
    """Image of a face's mask and nothing but this phrase, uint8 (H, W, 3)."""
    name = f"alone/{phrase or 'nothing'}/{held.faces.ids[n]}"
    return gallery.image(name, phrase, held.faces.label_map(n))


def _reads(claim: Reads, image: np.ndarray, classifier: AttributeClassifier) -> bool:
    index = _NAMES.index(claim.attribute)
    value = ATTRIBUTES[index].values.index(claim.value)
    return int(classifier.read(image[None])[0][index]) == value


def _grows(claim: Grows, image: np.ndarray, other: np.ndarray, label_map: np.ndarray) -> bool:
    after, before = (claim.sign(one, label_map) for one in (image, other))
    return after >= claim.by * before if claim.by > 1 else after <= claim.by * before


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
