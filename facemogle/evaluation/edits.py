"""Edits: one region of the mask changes, seed and prompt stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from facemogle.evaluation.changes import CHANGES, Change, changed, indices
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.report import Section, Value
from facemogle.masks.label_map import resize_label_map
from facemogle.photo.parser import FaceParser
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.area import Area
from facemogle.runs.request import mask_size
from facemogle.runs.run import finished

COLUMNS = ("edits", "change inside", "outside, largest", "region IoU", "before")


@dataclass(frozen=True)
class Edited:
    """inside: mean change of the pixels that were generated again, outside: the largest of those
    that were not to change, both in levels of 255. iou: of the changed regions, read from the
    edited image, with what was asked for; before: the same of the image as it was.
    """

    title: str
    inside: float
    outside: float
    iou: float
    before: float


def edits(held: HeldOut, numbers: Sequence[int], gallery: Gallery, parser: FaceParser) -> Section:
    """One edit for each of these faces, by ``facemogle.runs.edit`` with its default margin."""
    found = [
        edited
        for turn, n in enumerate(tqdm(numbers, desc="edits"))
        if (edited := _edited(held, n, turn, gallery, parser))
    ]
    rows = [("all edits", _summary(found))]
    for change in CHANGES:
        rows.append((change.title, _summary([one for one in found if one.title == change.title])))
    note = (
        "Changes in levels of 255: the mean where the image was generated again, the largest "
        "outside the margin. IoU of the changed regions with the new mask, after the edit and "
        "before it."
    )
    return Section("edits of a region", COLUMNS, rows, note)


def _edited(
    held: HeldOut, n: int, turn: int, gallery: Gallery, parser: FaceParser
) -> Edited | None:
    """Make, or find, one edit. turn: which change comes first; if it changes nothing, the next."""
    name, prompt = held.faces.ids[n], held.caption(n)
    label_map = held.faces.label_map(n)
    for change in (*CHANGES[turn % len(CHANGES) :], *CHANGES[: turn % len(CHANGES)]):
        target = changed(label_map, change)
        if target is not None and (target != label_map).any():
            break
    else:
        return None

    before = gallery.image(f"faces/{name}", prompt, label_map)

    def make() -> np.ndarray:
        recorded = gallery.recorded(f"faces/{name}", prompt, label_map)
        request = gallery.pipeline.request(prompt, target, before=recorded)
        return finished(gallery.pipeline.run(request)).image

    after = gallery.keep(f"edits/{name}", (prompt, label_map, target), make)
    area = _area(gallery.pipeline, label_map, target)
    return _measured(change, before, after, target, area, parser)


def _area(pipeline: FaceMoGLEPipeline, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where an edit may change the image, of its size; masks are read at the model's."""
    size = mask_size(pipeline.grid_of(*before.shape))
    old, new = (resize_label_map(one, *size) for one in (before, after))
    return Area.between(old, new).of_size(before.shape)


def _measured(
    change: Change,
    before: np.ndarray,
    after: np.ndarray,
    target: np.ndarray,
    area: np.ndarray,
    parser: FaceParser,
) -> Edited:
    difference = np.abs(after.astype(int) - before)
    regions = indices(change.regions)
    wanted = np.isin(target, regions)
    overlaps = []
    for image in (after, before):
        read = np.isin(parser.parse(image), regions)
        overlaps.append(float((read & wanted).sum() / (read | wanted).sum()))
    outside = difference[area == 0]
    return Edited(
        change.title,
        float(difference[area == 1].mean()),
        float(outside.max()) if outside.size else 0.0,
        *overlaps,
    )


def _summary(found: Sequence[Edited]) -> tuple[Value, ...]:
    if not found:
        return (0, None, None, None, None)
    return (
        len(found),
        float(np.mean([one.inside for one in found])),
        max(one.outside for one in found),
        float(np.mean([one.iou for one in found])),
        float(np.mean([one.before for one in found])),
    )
