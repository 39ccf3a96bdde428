"""Experts as somebody at the page steers them: regions muted, their experts weaker and stronger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from facemogle.evaluation.changes import indices
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value, ratio
from facemogle.masks.regions import NUM_EXPERTS, REGIONS
from facemogle.runs.experts import Experts

GROUPS = {
    "hair": ("hair",),
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "nose": ("nose",),
    "lips": ("u_lip", "mouth", "l_lip"),
    "clothes": ("cloth",),
}
"""Regions that are steered together, by what a person calls them."""
WEAK, STRONG = 0.25, 4.0
LEAST = 0.002
"""Share of an image under which a region is too small to hear anything of."""

COLUMNS = ("faces", "inside", "outside", "inside / outside")
NOTE = (
    "Mean change of the pixels in the region and in the rest of the image, in levels of 255, same "
    "prompt and seed. Monotone: share of the faces whose region differs from that of the muted "
    f"image the more, the stronger its expert is: x{WEAK:g}, x1, x{STRONG:g}."
)


@dataclass(frozen=True)
class Heard:
    """What steering one region of one face does.

    change: inside and outside, by "muted", "weak" and "strong". is_monotone: see `NOTE`.
    """

    change: Mapping[str, tuple[float, float]]
    is_monotone: bool


def heard(held: HeldOut, numbers: Sequence[int], gallery: Gallery) -> dict[str, list[Heard]]:
    """Of every group of regions, what steering it does to those of these faces that have it."""
    return {
        group: [
            _heard(held, n, group, gallery)
            for n in tqdm(numbers, desc=f"experts: {group}")
            if _place(held.faces.label_map(n), group).mean() >= LEAST
        ]
        for group in GROUPS
    }


def muted(found: Mapping[str, Sequence[Heard]]) -> Section:
    """What is left of a region that is hidden from all experts."""
    rows = _rows(found, "muted")
    note = "A muted region is one that the model decides on by itself."
    return Section("regions muted", COLUMNS, rows, f"{NOTE.split(' Monotone')[0]} {note}")


def weighed(found: Mapping[str, Sequence[Heard]]) -> Section:
    """What weaker and stronger experts do."""
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for name, factor in (("weak", WEAK), ("strong", STRONG)):
        for group, values in _rows(found, name):
            faces = found.get(group, [one for every in found.values() for one in every])
            share = float(np.mean([one.is_monotone for one in faces])) if faces else None
            rows.append((f"{group} x{factor:g}", (*values, share)))
    return Section("experts weaker and stronger", (*COLUMNS, "monotone"), rows, NOTE)


def _rows(
    found: Mapping[str, Sequence[Heard]], name: str
) -> list[tuple[str, tuple[Value, Value, Value, Value]]]:
    """By group, after the least of all."""
    rows = []
    for group, faces in found.items():
        values: tuple[Value, ...] = (None, None)
        if faces:
            values = tuple(float(v) for v in np.mean([one.change[name] for one in faces], axis=0))
        rows.append((group, (len(faces), *values, ratio(*values))))  # pyright: ignore
    known = [values for _, values in rows if values[0]]
    least = [min((values[n] for values in known), default=None) for n in (1, 3)]
    return [("least of all", (sum(v[0] for v in known), least[0], None, least[1])), *rows]


def steered(held: HeldOut, n: int, group: str, gallery: Gallery) -> dict[str, np.ndarray]:
    """Images of a face "as it is", "muted", "weak" and "strong": uint8 (H, W, 3) each."""
    name, prompt = held.faces.ids[n], held.caption(n)
    label_map = held.faces.label_map(n)
    ways = {
        "muted": Experts(muted=tuple(indices(GROUPS[group]))),
        "weak": _weighed(group, WEAK),
        "strong": _weighed(group, STRONG),
    }
    return {"as it is": gallery.image(f"faces/{name}", prompt, label_map)} | {
        way: gallery.image(f"steered/{group}-{way}/{name}", prompt, label_map, experts)
        for way, experts in ways.items()
    }


def _heard(held: HeldOut, n: int, group: str, gallery: Gallery) -> Heard:
    images, inside = steered(held, n, group, gallery), _place(held.faces.label_map(n), group)
    change = {
        way: _change(image, images["as it is"], inside)
        for way, image in images.items()
        if way != "as it is"
    }
    away = [
        _change(images[way], images["muted"], inside)[0] for way in ("weak", "as it is", "strong")
    ]
    return Heard(change, away[0] < away[1] < away[2])


def _place(label_map: np.ndarray, group: str) -> np.ndarray:
    return np.isin(label_map, indices(GROUPS[group]))


def _change(image: np.ndarray, other: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Mean change inside and outside."""
    difference = np.abs(image.astype(int) - other).mean(2)
    return float(difference[inside].mean()), float(difference[~inside].mean())


def _weighed(group: str, factor: float) -> Experts:
    strengths = [1.0] * NUM_EXPERTS
    for region in indices(GROUPS[group]):
        strengths[REGIONS[region].expert] = factor
    return Experts(strengths=tuple(strengths))
