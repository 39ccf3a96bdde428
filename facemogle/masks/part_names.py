"""Names of regions as files have them: ``00000_hair.png``, ``left_eye.png``."""

from __future__ import annotations

import re

import numpy as np

from facemogle.masks.label_map import MaskError
from facemogle.masks.regions import NUM_REGIONS, REGIONS

_OTHER_NAMES = {
    "background": "bg",
    "skin": "face_skin",
    "eye_g": "glasses eyeglasses eye_glasses",
    "l_eye": "left_eye lefteye eye_left",
    "r_eye": "right_eye righteye eye_right",
    "l_brow": "left_brow left_eyebrow l_eyebrow brow_left eyebrow_left",
    "r_brow": "right_brow right_eyebrow r_eyebrow brow_right eyebrow_right",
    "l_ear": "left_ear ear_left",
    "r_ear": "right_ear ear_right",
    "mouth": "inner_mouth",
    "u_lip": "upper_lip ulip lip_upper",
    "l_lip": "lower_lip llip lip_lower",
    "ear_r": "earring earrings",
    "neck_l": "necklace",
    "cloth": "clothes clothing",
}
_WORDS = {
    tuple(word.split("_")): region.index
    for region in REGIONS
    for word in (region.name, *_OTHER_NAMES.get(region.name, "").split())
}
_LONGEST = max(len(words) for words in _WORDS)


def region_of_name(name: str | None) -> int | None:
    """The region that a file's name ends in, as ``00000_l_eye.png``, or the only one in it.

    None if it names none, or several and something else at its end.

    >>> region_of_name("00000_neck_l.png")  # the necklace, not the neck
    16
    """
    stem = re.sub(r"\.\w{1,5}$", "", re.split(r"[/\\]", name or "")[-1])
    words = re.findall(r"[a-z]+|\d+", stem.lower())
    found: list[int] = []
    place = 0
    while place < len(words):
        length = next(
            (n for n in range(_LONGEST, 0, -1) if tuple(words[place : place + n]) in _WORDS), 0
        )
        if length:
            found.append(_WORDS[tuple(words[place : place + length])])
        place += length or 1
        if length and place >= len(words):
            return found[-1]
    return found[0] if len(set(found)) == 1 else None


def check_region(region: object) -> int | None:
    """A region's index from its name, title or index; None stays None. Raises MaskError."""
    if region is None:
        return None
    if isinstance(region, int | np.integer) and 0 <= region < NUM_REGIONS:
        return int(region)
    named = region_of_name(region) if isinstance(region, str) else None
    if named is None:
        raise MaskError(
            f"The region is {region!r}. Name one of {', '.join(one.name for one in REGIONS)}."
        )
    return named
