"""The face parser's training: images are distorted with their label maps, and runs resume."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from facemogle.__main__ import main
from facemogle.photo.parser import load_parser
from facemogle.training import distortion
from facemogle.training.distortion import distort
from facemogle.training.parser import parser_loss

SKIN, L_EYE, R_EYE, EARRING, NECK, CLOTH = 1, 4, 5, 15, 17, 18


def make_faces(folder: Path, count: int = 3) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    draw = np.random.default_rng(0)
    for n in range(count):
        labels = np.kron(draw.integers(0, 19, (4, 4)), np.ones((16, 16))).astype(np.uint8)
        Image.fromarray(np.stack([labels * 13] * 3, 2)).save(folder / "images" / f"{n}.png")
        Image.fromarray(labels).save(folder / "labels" / f"{n}.png")
    lines = [json.dumps({"id": str(n), "caption": ""}) for n in range(count)]
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize("seed", range(8))
def test_the_label_map_moves_with_the_image(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flip that leaves left and right as they were teaches the parser to guess."""
    for name in ("_other_colors", "_grey", "_blurred", "_coarse", "_noisy", "_compressed"):
        monkeypatch.setattr(distortion, name, lambda image, draw: image)
    monkeypatch.setattr(distortion, "_surroundings", lambda shape, draw: np.zeros((*shape, 3)))
    labels = np.zeros((64, 64), np.uint8)
    labels[20:44, 8:28], labels[20:44, 36:56] = R_EYE, L_EYE
    image = np.zeros((64, 64, 3), np.uint8)
    image[labels > 0] = 200
    moved, moved_labels = distort(image, labels, np.random.default_rng(seed))
    assert ((moved[..., 0] > 100) == (moved_labels > 0)).mean() > 0.97
    left, right = (np.nonzero(moved_labels == eye)[1].mean() for eye in (L_EYE, R_EYE))
    assert left > right  # the person's left eye is at the image's right, flipped or not


def test_distortions_keep_sizes_types_and_labels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    labels = np.full((64, 64), EARRING, np.uint8)
    for seed in range(20):
        other, other_labels = distort(image, labels, np.random.default_rng(seed))
        assert other.shape == image.shape and other.dtype == other_labels.dtype == np.uint8
        # No label is made up between two; around who is set into a scene lies background.
        assert EARRING in np.unique(other_labels) and set(np.unique(other_labels)) <= {0, EARRING}


def test_who_is_set_into_a_scene_keeps_every_region() -> None:
    """The person is cut out along the labels, and clothes lie below the neck and nowhere else."""
    labels = np.zeros((64, 64), np.uint8)
    labels[10:50, 20:44], labels[50:, 28:36] = SKIN, NECK
    image = np.full((64, 64, 3), 255, np.uint8)
    for seed in range(8):
        draw = np.random.default_rng(seed)
        moved, moved_labels = distortion._in_a_scene(image, labels, draw)
        inside = cv2.erode((moved_labels == SKIN).astype(np.uint8), np.ones((3, 3))).astype(bool)
        assert inside.sum() > 100 and (moved[inside] == 255).all()
        assert set(np.unique(moved_labels)) <= {0, SKIN, NECK, CLOTH}
        rows = {label: np.nonzero(moved_labels == label)[0] for label in (NECK, CLOTH)}
        assert not len(rows[CLOTH]) or rows[CLOTH].mean() > rows[NECK].mean()


def test_a_small_region_weighs_like_a_large_one() -> None:
    """By pixels alone, an earring that is missed costs nothing."""
    labels = torch.zeros(1, 32, 32, dtype=torch.int64)
    labels[0, :2, :2] = EARRING
    wrong = torch.zeros(1, 19, 32, 32)
    wrong[:, 0] = 20.0
    losses = parser_loss(wrong, labels)
    assert losses["dice"] > 0.35  # one of two regions, less what the +1 in the fraction gives
    right = torch.nn.functional.one_hot(labels, 19).movedim(-1, 1) * 20.0
    assert parser_loss(right, labels)["loss"] < 0.01


def test_the_command_trains_scores_and_resumes(tmp_path: Path, capsys) -> None:
    faces, run = make_faces(tmp_path / "faces"), tmp_path / "run"
    arguments = ["train-parser", "--data", str(faces), str(faces), "--out", str(run)]
    assert main([*arguments, "--stage", "32:2:1"]) == 0
    more = ["--stage", "32:2:1", "--stage", "64:2:2", "--held-out", str(faces)]
    assert main([*arguments, *more]) == 0
    assert "IoU, %" in capsys.readouterr().out
    iou = json.loads((run / "iou.json").read_text())[str(faces)]
    assert iou["faces"] == 3 and 0 <= iou["mean"] <= 1
    assert json.loads((run / "parser" / "config.json").read_text())["id2label"]["4"] == "l_eye"
    assert load_parser(run / "parser").side == 64


def test_a_folder_without_faces_is_named(tmp_path: Path, capsys) -> None:
    assert main(["train-parser", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "metadata.jsonl" in capsys.readouterr().err
