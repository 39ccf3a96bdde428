"""How the canvas stacks its 19 layers. The visible part of the stack is the label map."""

from __future__ import annotations

from facemogle.masks.regions import REGIONS

_INDEX = {region.name: region.index for region in REGIONS}

_LOWEST_TO_HIGHEST = (
    "background", "cloth", "neck", "neck_l", "l_ear", "r_ear", "skin", "mouth", "u_lip", "l_lip",
    "nose", "l_eye", "r_eye", "l_brow", "r_brow", "eye_g", "hair", "ear_r", "hat",
)  # fmt: skip

LAYER_ORDER: tuple[int, ...] = tuple(_INDEX[name] for name in _LOWEST_TO_HIGHEST)
"""Region indices from the lowest layer to the highest; a later one hides an earlier one."""

_LIES_ON = {
    "nose": "skin", "eye_g": "skin", "l_eye": "skin", "r_eye": "skin", "l_brow": "skin",
    "r_brow": "skin", "mouth": "skin", "u_lip": "skin", "l_lip": "skin", "neck_l": "neck",
    "hat": "hair",
}  # fmt: skip

BENEATH: dict[int, int] = {_INDEX[upper]: _INDEX[lower] for upper, lower in _LIES_ON.items()}
"""What a flat mask must have under a region: erasing an eye of an opened mask bares the skin."""

ACROSS: dict[int, int] = {_INDEX["hair"]: _INDEX["skin"]}
"""The same for a strand of hair with skin at both sides of it."""
