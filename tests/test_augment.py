"""Maps as people paint them stay usable maps of the same face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facemogle.masks.reading import MaskError, mirror
from facemogle.masks.regions import MIRROR, REGIONS
from facemogle.render.augment import painted_like

INDEX = {region.name: region.index for region in REGIONS}
SEEDS = range(60)


def face(size: int = 96, turned: float = 0) -> np.ndarray:
    """uint8 (size, size): a face with hair, ears, jewellery and clothes. turned: nose's shift."""
    label_map = np.zeros((size, size), np.uint8)

    def ellipse(name: str, x: float, y: float, rx: float, ry: float) -> None:
        center, axes = (round(x * size), round(y * size)), (round(rx * size), round(ry * size))
        cv2.ellipse(label_map, center, axes, 0, 0, 360, INDEX[name], -1)

    ellipse("cloth", 0.5, 1.0, 0.5, 0.2)
    ellipse("neck", 0.5, 0.8, 0.15, 0.2)
    ellipse("neck_l", 0.5, 0.92, 0.1, 0.03)
    ellipse("hair", 0.5, 0.35, 0.33, 0.3)
    ellipse("skin", 0.5, 0.5, 0.28, 0.33)
    for side, letter in ((1, "l"), (-1, "r")):
        ellipse(f"{letter}_ear", 0.5 + side * 0.3, 0.5, 0.05, 0.08)
        ellipse(f"{letter}_eye", 0.5 + side * 0.12, 0.45, 0.06, 0.03)
        ellipse(f"{letter}_brow", 0.5 + side * 0.12, 0.37, 0.07, 0.02)
        ellipse("ear_r", 0.5 + side * 0.3, 0.62, 0.03, 0.03)
    ellipse("nose", 0.5 + turned, 0.55, 0.05, 0.08)
    ellipse("u_lip", 0.5, 0.69, 0.1, 0.02)
    ellipse("l_lip", 0.5, 0.73, 0.1, 0.02)
    return label_map


def painted(label_map: np.ndarray) -> list[np.ndarray]:
    return [painted_like(label_map, np.random.default_rng(seed)) for seed in SEEDS]


def test_same_draw_same_map_and_the_input_is_left_alone() -> None:
    """A change in place would spoil the data set that all later epochs read."""
    label_map = face()
    kept = label_map.copy()
    first, again = painted(label_map), painted(label_map)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert np.array_equal(label_map, kept)
    assert len({m.tobytes() for m in first}) > len(SEEDS) * 0.8


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (33, 64), (96, 96)])
@pytest.mark.parametrize("kind", ["noise", "one region", "background"])
def test_any_label_map_gives_a_valid_one(shape, kind) -> None:
    """Maps of one region, of one pixel and without skin occur, and must not stop a run."""
    draw = np.random.default_rng(0)
    for seed in range(19):
        label_map = {
            "noise": draw.integers(0, 19, shape, np.uint8),
            "one region": np.full(shape, seed, np.uint8),
            "background": np.zeros(shape, np.uint8),
        }[kind]
        result = painted_like(label_map, np.random.default_rng(seed))
        assert result.shape == shape and result.dtype == np.uint8
        allowed = {0, *np.unique(label_map), *np.unique(mirror(label_map))}
        assert set(np.unique(result)) <= allowed


def test_what_is_no_label_map_is_refused() -> None:
    with pytest.raises(MaskError, match=r"Label 19 .* is not a region"):
        painted_like(np.full((4, 4), 19), np.random.default_rng(0))


def test_the_face_stays_where_it_is() -> None:
    """A repainted map that no longer fits its image would teach to ignore maps."""
    label_map = face()
    for result in painted(label_map):
        assert (result == label_map)[label_map != INDEX["cloth"]].mean() > 0.8
        for name in ("skin", "hair", "nose", "u_lip", "l_lip"):
            before, after = label_map == INDEX[name], result == INDEX[name]
            assert after.any() and 0.5 < after.sum() / before.sum() < 2, name
            moved = np.argwhere(after).mean(0) - np.argwhere(before).mean(0)
            assert np.abs(moved).max() < 0.05 * len(label_map), name


def test_nothing_is_left_where_parts_were_taken_away() -> None:
    """Black holes for forgotten ears and eyes are not what a person leaves on the paper."""
    label_map = face()
    names = ("skin", "l_eye", "r_eye", "l_brow", "r_brow", "nose", "u_lip", "l_lip")
    face_part = np.isin(label_map, [INDEX[name] for name in names])
    hull = cv2.erode(face_part.view(np.uint8), np.ones((15, 15))).astype(bool)
    assert hull.sum() > 500
    assert not any((result[hull] == INDEX["background"]).any() for result in painted(label_map))


def test_every_kind_of_change_occurs_and_none_always() -> None:
    """An augmentation that never leaves the ears out, or always does, is none."""
    label_map = face()
    results = painted(label_map)

    def often(*happened: bool) -> None:
        assert 0.05 < np.mean(happened) < 0.95

    def without(name: str) -> list[bool]:
        return [not (result == INDEX[name]).any() for result in results]

    often(*without("ear_r"))
    often(*without("l_ear"))
    often(*without("cloth"))
    often(*(a != b for a, b in zip(without("l_ear"), without("r_ear"), strict=True)))
    eye = np.argwhere(label_map == INDEX["l_eye"]).mean(0)
    eyes = [np.argwhere(result == INDEX["l_eye"]) for result in results]
    often(*(len(found) > 0 and bool(np.abs(found.mean(0) - eye).max() > 1.5) for found in eyes))
    seams = cv2.dilate((label_map == INDEX["skin"]).view(np.uint8), np.ones((7, 7))).view(bool)
    seams &= label_map == INDEX["hair"]
    often(*((result[seams] == INDEX["background"]).mean() > 0.02 for result in results))
    hair = np.mean(label_map == INDEX["hair"])
    often(*(abs(np.mean(result == INDEX["hair"]) / hair - 1) > 0.05 for result in results))


def test_sides_are_confused_now_and_then() -> None:
    """Visitors exchange left and right; a model that trusts the labels then draws a mess."""
    label_map = face()
    exchanged = 0
    for result in painted(label_map):
        for name in ("l_eye", "l_brow", "l_ear"):
            left = label_map == INDEX[name]
            exchanged += (result[left] == MIRROR[INDEX[name]]).mean() > 0.5
    assert 0 < exchanged < len(SEEDS) / 2


@pytest.mark.parametrize("turned", [-0.12, 0.0, 0.12])
def test_there_is_one_nose(turned) -> None:
    """Making a turned face symmetric gave two noses, or none."""
    label_map = face(turned=turned)
    for result in painted(label_map):
        nose = cv2.morphologyEx(
            (result == INDEX["nose"]).view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))
        )
        assert cv2.connectedComponents(nose)[0] == 2
