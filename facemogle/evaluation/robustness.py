"""Masks as people bring them: painted, of photographs, with a region missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from facemogle.evaluation.changes import without
from facemogle.evaluation.consistency import mean_of_given
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value
from facemogle.faces.folder import MapKind
from facemogle.masks.iou import confusion_matrix
from facemogle.masks.label_map import present_regions
from facemogle.masks.reading import read_mask
from facemogle.photo.parser import FaceParser

SEEDS_A_MAP = 4
SMALL_ENOUGH = 0.2
"""Share of an image up to which a region is emptied: a face without skin is no face."""

Matrices = list[np.ndarray]


def robustness(
    held: HeldOut,
    numbers: Sequence[int],
    gallery: Gallery,
    parser: FaceParser,
    real_maps: Sequence[Path],
) -> Section:
    """Mean IoU of given label maps and readings, on masks that the renderer did not make.

    real_maps: files of real label maps, perhaps none.
    """
    exact, painted = _painted(held, numbers, gallery, parser)
    emptied, ghosts = _emptied(held, numbers, gallery, parser)
    rows: list[tuple[str, tuple[Value, ...]]] = [
        ("exact masks", (len(exact), _miou(exact), None)),
        ("the same as if painted by hand", (len(painted), _miou(painted), None)),
        ("one region emptied", (len(emptied), _miou(emptied), _mean(ghosts))),
    ]
    if real_maps:
        real = _of_photographs(real_maps, gallery, parser, held.faces.size)
        rows.append(
            (f"real label maps, {SEEDS_A_MAP} seeds, no prompt", (len(real), _miou(real), None))
        )
    note = "Still there: share of the emptied pixels that are read as the emptied region."
    return Section("other masks", ("images", "mIoU", "still there"), rows, note)


def _painted(
    held: HeldOut, numbers: Sequence[int], gallery: Gallery, parser: FaceParser
) -> tuple[Matrices, Matrices]:
    exact, painted = [], []
    for n in tqdm(numbers, desc="painted masks"):
        name, prompt = held.faces.ids[n], held.caption(n)
        for kind, folder, found in (
            (MapKind(), "faces", exact),
            (MapKind(painted=True), "painted", painted),
        ):
            label_map = held.faces.label_map(n, kind)
            image = gallery.image(f"{folder}/{name}", prompt, label_map)
            found.append(confusion_matrix(label_map, parser.parse(image)))
    return exact, painted


def _emptied(
    held: HeldOut, numbers: Sequence[int], gallery: Gallery, parser: FaceParser
) -> tuple[Matrices, list[float]]:
    """Each face without one of its regions; which one goes round from face to face."""
    matrices, ghosts = [], []
    for turn, n in enumerate(tqdm(numbers, desc="emptied regions")):
        name, label_map = held.faces.ids[n], held.faces.label_map(n)
        regions = [
            region
            for region in present_regions(label_map)
            if region and (label_map == region).mean() < SMALL_ENOUGH
        ]
        if not regions:
            continue
        region = regions[turn % len(regions)]
        target = without(label_map, region)
        image = gallery.image(f"emptied/{name}", held.caption(n), target)
        reading = parser.parse(image)
        matrices.append(confusion_matrix(target, reading))
        ghosts.append(float((reading[label_map == region] == region).mean()))
    return matrices, ghosts


def _of_photographs(
    files: Sequence[Path], gallery: Gallery, parser: FaceParser, size: int
) -> Matrices:
    """Of every label map, by nothing but the map."""
    matrices = []
    for file in tqdm(files, desc="real label maps"):
        label_map = read_mask(file, size=(size, size)).label_map
        for seed in range(SEEDS_A_MAP):
            image = gallery.image(f"real/{file.stem}-{seed}", "", label_map)
            matrices.append(confusion_matrix(label_map, parser.parse(image)))
    return matrices


def _miou(matrices: Matrices) -> float | None:
    return mean_of_given(np.sum(matrices, axis=0)) if matrices else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
