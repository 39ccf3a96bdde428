"""A photograph of people becomes the upright crop of one of them, with its label map."""

from __future__ import annotations

import hashlib
import re

import cv2
import numpy as np
import pytest
from photo_scenes import head, put, room
from PIL import Image

from facemogle.masks.iou import confusion_matrix, mean_iou, region_iou
from facemogle.masks.regions import REGIONS
from facemogle.photo.crop import Crop
from facemogle.photo.nets import FOLDER
from facemogle.photo.opening import PhotoError
from facemogle.photo.parser import load_parser
from facemogle.photo.reader import PhotoReader, PhotoReading

NUMBER = {region.name: region.index for region in REGIONS}
HEADS = (3, 14, 21, 63)
"""Of both sexes, bald and not, without hats."""


@pytest.fixture(scope="module")
def reader() -> PhotoReader:
    return PhotoReader(load_parser(device="cpu").parse)


def against(truth: np.ndarray, reading: PhotoReading) -> np.ndarray:
    return confusion_matrix(reading.crop.cut_labels(truth), reading.label_map)


def test_the_models_are_those_of_the_readme() -> None:
    """A damaged or exchanged file would load, and put points anywhere."""
    sums = re.findall(r"([0-9a-f]{64})  (\S+)", (FOLDER / "README.md").read_text("utf-8"))
    assert sorted(name for _, name in sums) == sorted(p.name for p in FOLDER.glob("*.tflite"))
    for expected, name in sums:
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected


def test_a_head_in_a_scene_is_read_as_well_as_alone(reader: PhotoReader) -> None:
    """The middle square was looked at, whatever was in it."""
    scenes = alone = np.zeros((19, 19), int)
    for number, n in enumerate(HEADS):
        image, labels = head(n)
        alone = alone + against(labels, reader.read(image))
        side, angle = (300, 420, 520)[number % 3], (-25, 18, 30, -10)[number]
        scene, truth = put(room((900, 1400)), n, (950, 480), side, angle)
        scene, _ = put(scene, (n + 29) % 64, (250, 350), 0.6 * side, 5)
        reading = reader.read(scene)
        assert len(reading.faces) == 2
        scenes = scenes + against(truth, reading)
    assert mean_iou(alone) > 0.5
    assert mean_iou(scenes) >= 0.8 * mean_iou(alone)
    iou = region_iou(scenes)
    least = {"skin": 0.8, "hair": 0.75, "background": 0.85, "nose": 0.6, "l_eye": 0.5, "r_eye": 0.5}
    for name, value in least.items():
        assert iou[NUMBER[name]] > value, name


def test_a_parser_that_fails_leaves_a_face_to_go_on_from(reader: PhotoReader) -> None:
    """On photographs the parser may see nothing it knows; mesh and outline do not need it."""
    image, labels = head(34)
    blind = PhotoReader(lambda square: np.zeros(square.shape[:2], np.uint8))
    iou = region_iou(against(labels, blind.read(image)))
    for name in ("skin", "nose", "l_eye", "r_eye", "u_lip", "l_lip"):
        assert iou[NUMBER[name]] > 0.3, name
    assert iou[NUMBER["hair"]] > 0.3


def test_faces_are_numbered_from_the_largest_and_any_is_read(reader: PhotoReader) -> None:
    scene, _ = put(room((800, 1200)), 13, (300, 400), 200, 0)
    scene, truth = put(scene, 63, (850, 400), 400, 0)
    largest, second = reader.read(scene), reader.read(scene, 1)
    assert (largest.chosen, second.chosen) == (0, 1) and largest.faces == second.faces
    assert largest.crop.to_image(np.array([[256.0, 256]]))[0, 0] > 700
    assert second.crop.to_image(np.array([[256.0, 256]]))[0, 0] < 500
    assert any("2 faces" in note for note in largest.notes)
    assert mean_iou(against(truth, largest)) > 0.4
    with pytest.raises(PhotoError, match="Face 2 is asked for, and 2 were found"):
        reader.read(scene, 2)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photograph_on_its_side_is_read_upright(reader: PhotoReader, turns: int) -> None:
    image, labels = head(34)
    reading = reader.read(np.rot90(image, turns).copy())
    assert mean_iou(against(np.rot90(labels, turns).copy(), reading)) > 0.4
    eyes = [np.argwhere(reading.label_map == NUMBER[eye]).mean(0) for eye in ("r_eye", "l_eye")]
    assert abs(eyes[0][0] - eyes[1][0]) < 20 and eyes[0][1] + 60 < eyes[1][1]


@pytest.mark.parametrize("size", [(400, 600), (40, 40), (3, 900)])
def test_a_room_without_anybody_is_refused(reader: PhotoReader, size: tuple[int, int]) -> None:
    """A cup of coffee became a mask of 19 regions, to be checked one by one."""
    with pytest.raises(PhotoError, match="No face was found"):
        reader.read(room(size))


def test_a_head_at_the_border_is_said(reader: PhotoReader) -> None:
    image, _ = head(34)
    reading = reader.read(np.ascontiguousarray(image[:, 60:]))
    assert any("border" in note for note in reading.notes)
    assert reading.label_map.shape == (512, 512)


def test_any_mode_of_an_open_image_is_read(reader: PhotoReader) -> None:
    image = Image.fromarray(head(34)[0])
    turned = image.rotate(90)
    turned.getexif()[0x0112] = 6
    expected = reader.read(image).label_map
    assert (reader.read(turned).label_map == expected).mean() > 0.98
    assert (reader.read(image.convert("RGBA")).label_map == expected).all()


def test_a_crop_leads_there_and_back() -> None:
    crop = Crop.of_face(np.array([40.0, 50]), np.array([70.0, 60]), np.array([48.0, 90]), 128)
    points = np.random.default_rng(0).uniform(0, 128, (9, 2))
    np.testing.assert_allclose(crop.from_image(crop.to_image(points)), points)
    np.testing.assert_allclose(crop.resized(64).to_image(points / 2), crop.to_image(points))
    np.testing.assert_allclose(crop.enlarged(3).to_image(points), crop.to_image(points) * 3)
    eyes = crop.from_image(np.array([[40.0, 50], [70, 60]]))
    assert eyes[0, 0] < eyes[1, 0] and abs(eyes[:, 0].mean() - 64) < 12
    smooth = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8), (0, 0), 8
    )
    back = crop.spread(crop.cut(smooth), (0, 0, 200, 200), cv2.BORDER_CONSTANT)
    inside = (
        crop.spread(np.ones((128, 128), np.float32), (0, 0, 200, 200), cv2.BORDER_CONSTANT) > 0.99
    )
    assert inside.sum() > 5000 and np.abs(back.astype(int) - smooth)[inside].max() < 12
