"""How well photographs are read: rendered heads, plain and in scenes, against their true labels.

    python tests/photo_accuracy.py --data FACES --first 60 --count 60

FACES: a folder that `python -m facemogle render` wrote, of 512 pixels, of seeds that the parser
was not trained on. Thresholds of ``facemogle.photo`` are chosen on some of its faces
(``--first 0``), and reported on others. What the networks see is kept in ``--out``, so that a
change of the fusing is measured in a minute.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from photo_scenes import put_face, room

from facemogle.faces.folder import FaceFolder
from facemogle.masks.iou import confusion_matrix, mean_iou, region_iou
from facemogle.masks.regions import REGIONS
from facemogle.photo.fusing import fuse, turn_of
from facemogle.photo.parser import load_parser
from facemogle.photo.person import PersonFinder
from facemogle.photo.reader import SIDE, PhotoReader

PROFILE = 0.45
"""Turn of a head, see `turn_of`, from which it is counted among the profiles."""


def scene_of(faces: FaceFolder, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Face n turned and scaled in a room, another person beside it."""
    draw = random.Random(n)
    face, other = ((one.image, one.label_map) for one in (faces[n], faces[(n + 1) % len(faces)]))
    side, angle = draw.uniform(260, 560), draw.uniform(-30, 30)
    centre = (draw.uniform(900, 1050), draw.uniform(400, 500))
    scene, _ = put_face(room((900, 1400)), other, (300, 450), 0.6 * side, draw.uniform(-15, 15))
    return put_face(scene, face, centre, side, angle)


def seen(
    faces: FaceFolder, numbers: range, folder: Path
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """What the networks see of each face, and its truth; "plain" or "scene"."""
    folder.mkdir(parents=True, exist_ok=True)
    reader, person = PhotoReader(load_parser(device="cpu").parse), PersonFinder()
    parse = reader._parse
    for n in numbers:
        for kind in ("plain", "scene"):
            path = folder / f"{n}_{kind}.npz"
            if not path.exists():
                image, truth = (
                    scene_of(faces, n) if kind == "scene" else (faces[n].image, faces[n].label_map)
                )
                found = reader.faces(image)
                if not found:
                    np.savez_compressed(path)
                else:
                    crop = found[0].crop(SIDE)
                    square = crop.cut(image)
                    np.savez_compressed(
                        path, image=square, points=crop.from_image(found[0].points),
                        parsed=parse(square), person=person.share(square).astype(np.float16),
                        truth=crop.cut_labels(truth),
                    )  # fmt: skip
            with np.load(path) as arrays:
                yield kind, dict(arrays)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, metavar="FACES")
    parser.add_argument("--first", type=int, default=0, help="number of the first face (0)")
    parser.add_argument("--count", type=int, default=60, help="of faces (60)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for what was seen")
    arguments = parser.parse_args()
    faces = FaceFolder(arguments.data, SIDE)
    numbers = range(arguments.first, min(arguments.first + arguments.count, len(faces)))
    counts: dict[tuple[str, str], np.ndarray] = {}
    missed = 0
    for kind, one in seen(faces, numbers, arguments.out):
        if not one:
            missed += 1
            continue
        person = one["person"].astype(np.float32)
        fused = fuse(one["image"], one["points"], one["parsed"], person)
        kinds = [kind, *(["profile"] if turn_of(one["points"]) > PROFILE else [])]
        for group in kinds:
            for reading, labels in (("parser", one["parsed"]), ("fused", fused)):
                old = counts.get((group, reading), 0)
                counts[group, reading] = old + confusion_matrix(one["truth"], labels)
    report(counts, missed)


def report(counts: dict[tuple[str, str], np.ndarray], missed: int) -> None:
    columns = sorted(counts, reverse=True)
    print(f"{'':12}" + "".join(f"{' '.join(column):>16}" for column in columns))
    print(f"{'mean IoU':12}" + "".join(f"{mean_iou(counts[c]):16.3f}" for c in columns))
    for region, values in zip(
        REGIONS, zip(*(region_iou(counts[c]) for c in columns), strict=True), strict=True
    ):
        print(f"{region.name:12}" + "".join(f"{value:16.3f}" for value in values))
    print(f"{missed} faces were not found")


if __name__ == "__main__":
    main()
