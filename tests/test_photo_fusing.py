"""What mesh, outline and parser see of a head is fused into what is better than each of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from photo_scenes import put, room

from facemogle.masks.iou import confusion_matrix, mean_iou
from facemogle.photo.features import JAW, NUMBER
from facemogle.photo.fusing import fuse
from facemogle.photo.person import PersonFinder
from facemogle.photo.reader import SIDE, PhotoReader

HEADS = (3, 14, 21, 63)
EYES = [NUMBER["l_eye"], NUMBER["r_eye"]]
PARTS = [NUMBER[name] for name in ("l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")]

Seen = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    """Of some heads in rooms: crop, mesh in it, share of a person, true labels."""
    reader, person = PhotoReader(lambda square: square[..., 0]), PersonFinder()
    found = []
    for n in HEADS:
        scene, truth = put(room((700, 700)), n, (350, 360), 420, (n % 5 - 2) * 10)
        face = reader.faces(scene)[0]
        crop = face.crop(SIDE)
        square = crop.cut(scene)
        points = crop.from_image(face.points)
        found.append((square, points, person.share(square), crop.cut_labels(truth)))
    return found


def score(seen: list[Seen], parsed: list[np.ndarray], *, is_fused: bool) -> float:
    total = np.zeros((19, 19), int)
    for (image, points, person, truth), labels in zip(seen, parsed, strict=True):
        reading = fuse(image, points, labels, person) if is_fused else labels
        total += confusion_matrix(truth, reading)
    return mean_iou(total)


def test_a_parser_that_is_right_is_believed(seen: list[Seen]) -> None:
    """Its agreement with a mesh was measured by outlines, which no true label map reached.

    So the fused map of a parser without any error had an IoU of 0.83.
    """
    truths = [truth for *_, truth in seen]
    assert score(seen, truths, is_fused=True) > 0.93


def test_what_the_parser_misses_is_the_meshs(seen: list[Seen]) -> None:
    """A face without eyes is none that a painter would go on from."""
    lame = [np.where(np.isin(truth, EYES), np.uint8(1), truth) for *_, truth in seen]
    assert score(seen, lame, is_fused=True) > score(seen, lame, is_fused=False) + 0.02
    found = there = 0
    for (image, points, person, truth), labels in zip(seen, lame, strict=True):
        is_eye = np.isin(truth, EYES)
        found += (np.isin(fuse(image, points, labels, person), EYES) & is_eye).sum()
        there += is_eye.sum()
    assert found > 0.6 * there


def test_a_parser_that_does_not_know_such_images_is_corrected(seen: list[Seen]) -> None:
    """On photographs one that had seen renders only took clothes for skin, and saw no parts."""
    lost = []
    for *_, truth in seen:
        labels = np.where(np.isin(truth, PARTS), np.uint8(1), truth)
        labels = np.where(labels == NUMBER["cloth"], np.uint8(1), labels)
        lost.append(cv2.medianBlur(labels, 31))
    assert score(seen, lost, is_fused=True) > score(seen, lost, is_fused=False) + 0.1


def test_hair_behind_the_person_is_background(seen: list[Seen]) -> None:
    """On photographs the parser took dark surroundings for hair, up to the image's border."""
    cleared = []
    for image, points, person, truth in seen:
        behind = (person < 0.05) & (truth == 0)
        behind[:, : SIDE * 3 // 4] = False
        spilt = np.where(behind, np.uint8(NUMBER["hair"]), truth)
        cleared.append((fuse(image, points, spilt, person)[behind] == 0).mean())
    # The outline of a render may lack its hair, and is not believed.
    assert np.median(cleared) > 0.95


def test_a_dark_suit_is_no_hair(seen: list[Seen]) -> None:
    """On photographs its shoulders were hair that hung on no head."""
    tried = 0
    for image, points, person, truth in seen:
        cloth = truth == NUMBER["cloth"]
        parsed = np.where(cloth, np.uint8(NUMBER["hair"]), truth)
        _, patches = cv2.connectedComponents((parsed == NUMBER["hair"]).view(np.uint8))
        worn = cloth & ~np.isin(patches, patches[truth == NUMBER["hair"]])
        jaw = int(points[list(JAW), 1].mean())
        is_long = (truth[jaw:] == NUMBER["hair"]).any()  # then nobody could tell
        if worn.sum() > 500 and not is_long:
            tried += 1
            fused = fuse(image, points, parsed, person)
            assert (fused[worn] == NUMBER["hair"]).mean() < 0.1
    assert tried


def test_a_bright_spot_beside_the_person_is_no_earring(seen: list[Seen]) -> None:
    for image, points, person, truth in seen:
        y, x = np.argwhere((person < 0.01) & (truth == 0))[len(truth)]
        parsed = truth.copy()
        parsed[y : y + 12, x : x + 12] = NUMBER["ear_r"]
        parsed[person > 0.01] = truth[person > 0.01]
        fused = fuse(image, points, parsed, person)
        assert fused[y + 1, x + 1] != NUMBER["ear_r"]


def test_a_hat_that_is_not_above_the_forehead_is_hair(seen: list[Seen]) -> None:
    """White hair before a window became a hat at one side of the head."""
    tried = 0
    for image, points, person, truth in seen:
        if (truth == NUMBER["hat"]).any():
            continue
        side = (truth == NUMBER["hair"]) & (np.arange(SIDE) > points[:, 0].max() - 0.2 * SIDE)
        parsed = np.where(side, np.uint8(NUMBER["hat"]), truth)
        tried += side.sum() > 100
        assert not (fuse(image, points, parsed, person) == NUMBER["hat"]).any()
    assert tried
