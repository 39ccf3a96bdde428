"""A photograph -> its faces, one of them upright in a square, and that one's label map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from facemogle.masks.colors import spread_labels
from facemogle.photo.crop import Crop
from facemogle.photo.faces import FaceFinder
from facemogle.photo.features import L_EYE, MOUTH_CORNERS, R_EYE
from facemogle.photo.fusing import fuse
from facemogle.photo.mesh import LEFT_EYE_CORNER, RIGHT_EYE_CORNER, FaceMesh
from facemogle.photo.opening import PhotoError, open_photo
from facemogle.photo.person import PersonFinder

SIDE = 512
"""Pixels of the crop, either way."""

SMALL = 192
"""Pixels of the photograph, a side of the crop, below which a face's parts cannot be seen."""
SURE = 0.85
"""Score that the detector gives to upright faces only."""
MUCH = 0.02
"""Share of the crop beyond the photograph from which a note says so."""
NO_FACE = (
    "No face was found in it. Give a photograph with a face that looks about towards the camera, "
    "and is not too small or too dark; or open the image together with a mask of your own."
)

Parse = Callable[[np.ndarray], np.ndarray]
"""Image, uint8 (S, S, 3) -> label map, uint8 (S, S); such as ``FaceParser.parse``."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face in a photograph, in its pixels.

    points: its mesh, float (468, 2). score: of the detector, in [0, 1].
    """

    points: np.ndarray
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        (left, top), (right, bottom) = self.points.min(0).tolist(), self.points.max(0).tolist()
        return left, top, right, bottom

    @property
    def area(self) -> float:
        return float(np.ptp(self.points, axis=0).prod())

    @property
    def is_upright(self) -> bool:
        """Whether it leans less than 45 degrees."""
        across = self.points[LEFT_EYE_CORNER] - self.points[RIGHT_EYE_CORNER]
        return bool(across[0] > abs(across[1]))

    def crop(self, side: int) -> Crop:
        """The upright square around it."""
        right, left, mouth = (
            self.points[list(part)].mean(0) for part in (R_EYE, L_EYE, MOUTH_CORNERS)
        )
        return Crop.of_face(right, left, mouth, side)


@dataclass(frozen=True, eq=False)
class PhotoReading:
    """One face of a photograph, read.

    image: the crop, uint8 (512, 512, 3). label_map: its regions, uint8 (512, 512).
    faces: boxes (left, top, right, bottom) of all faces, the largest first, in the photograph's
    pixels. chosen: number of the one that was read.
    crop: where it lies in the photograph. notes: what a person should know.
    """

    image: np.ndarray
    label_map: np.ndarray
    faces: tuple[tuple[float, float, float, float], ...]
    chosen: int
    crop: Crop
    notes: tuple[str, ...]


class PhotoReader:
    """Reads photographs; several threads may use one.

    parse: the parser that knows hair, hats, clothes and glasses.
    """

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._finder, self._mesh, self._person = FaceFinder(), FaceMesh(), PersonFinder()

    def faces(self, image: np.ndarray) -> list[FoundFace]:
        """All faces of an image, uint8 (H, W, 3), the largest first.

        Unless one is surely upright, it is also looked at lying on either side and upside down.
        """
        found: list[FoundFace] = []
        for turns in range(4):
            turned = np.ascontiguousarray(np.rot90(image, turns))
            for face in self._finder.find(turned):
                mesh = self._mesh.points(turned, face)
                if mesh is not None:
                    found.append(FoundFace(_turned_back(mesh, turns, image.shape), face.score))
            if any(face.is_upright and face.score >= SURE for face in found):
                break
        return _distinct(found)

    def read(self, image: Image.Image | np.ndarray, face: int | None = None) -> PhotoReading:
        """Read one face of a photograph.

        image: uint8 (H, W, 3), upright; or as `open_photo` takes one.
        face: its number, from 0 = the largest, which None means too.
        Raises PhotoError if there is no such face.
        """
        notes: list[str] = []
        if isinstance(image, Image.Image):
            photo = open_photo(image)
            image, notes = photo.pixels, list(photo.notes)
        faces = self.faces(image)
        if not faces:
            raise PhotoError(NO_FACE)
        chosen = face or 0
        if not 0 <= chosen < len(faces):
            raise PhotoError(
                f"Face {chosen} is asked for, and {len(faces)} were found: give a number from 0, "
                f"the largest, to {len(faces) - 1}."
            )
        crop = faces[chosen].crop(SIDE)
        square = crop.cut(image)
        label_map = fuse(
            square,
            crop.from_image(faces[chosen].points),
            self._parse(square),
            self._person.share(square),
        )
        inside = crop.inside(image.shape[:2])
        if not inside.all():  # what lies beyond repeats the border's pixels, and so do its labels
            label_map = spread_labels(label_map, inside)
        notes += _remarks(faces, face, crop, float(inside.mean()))
        return PhotoReading(square, label_map, tuple(f.box for f in faces), chosen, crop, (*notes,))


def _remarks(faces: list[FoundFace], face: int | None, crop: Crop, inside: float) -> list[str]:
    remarks = []
    if len(faces) > 1 and face is None:
        remarks.append(f"{len(faces)} faces were found: the largest was taken.")
    if crop.scale * SIDE < SMALL:
        remarks.append(
            f"The face is small, {round(crop.scale * SIDE)} pixels with its hair: check its parts."
        )
    if inside < 1 - MUCH:
        remarks.append("The head reaches the photograph's border, whose pixels were repeated.")
    return remarks


def _distinct(faces: list[FoundFace]) -> list[FoundFace]:
    """Each face once, as it was seen best. The largest first."""
    kept: list[FoundFace] = []
    for face in sorted(faces, key=lambda face: -face.score):
        centre = face.points.mean(0)
        if not any(
            (other.points.min(0) < centre).all() and (centre < other.points.max(0)).all()
            for other in kept
        ):
            kept.append(face)
    return sorted(kept, key=lambda face: -face.area)


def _turned_back(points: np.ndarray, turns: int, shape: tuple[int, ...]) -> np.ndarray:
    """Points (N, 2) of ``np.rot90(image, turns)`` in the image of this shape."""
    height, width = shape[:2]
    x, y = points.T
    return np.stack(
        [(x, y), (width - y, x), (width - x, height - y), (y, height - x)][turns], axis=1
    )
