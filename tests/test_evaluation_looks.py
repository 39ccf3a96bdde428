"""What is measured beside the readings of two models: the judge, phrases, leaks, pairs, goals."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from test_evaluation_numbers import SKIN, face

from facemogle.evaluation.chips import CLAIMS
from facemogle.evaluation.goals import GOALS, goals
from facemogle.evaluation.judge import Judge, mesh_errors, outside_judge
from facemogle.evaluation.leaks import odd_beard
from facemogle.evaluation.pairs import Pairs
from facemogle.evaluation.signs import lid_color, spots, straightness
from facemogle.evaluation.steering import Heard, muted, weighed
from facemogle.prompts.words import WORDS

ROOT = Path(__file__).parents[1]


def large_face() -> np.ndarray:
    return cv2.resize(face(), (512, 512), interpolation=cv2.INTER_NEAREST)


def grey(labels: np.ndarray) -> np.ndarray:
    return np.full((*labels.shape, 3), 140, np.uint8)


def test_the_judge_finds_the_faces_of_renders_and_says_how_far_points_moved() -> None:
    sheet = np.asarray(Image.open(ROOT / "assets/rendered_faces.jpg").convert("RGB"))
    side = sheet.shape[1] // 8
    image = cv2.resize(sheet[:side, :side], (512, 512), interpolation=cv2.INTER_CUBIC)
    mesh = Judge().mesh(image)
    assert np.isfinite(mesh).all()
    across = np.linalg.norm(mesh[263] - mesh[33])
    moved = mesh + np.array([0.1 * across, 0])
    assert mesh_errors(moved[None], mesh[None])[0] == pytest.approx(0.1)
    assert np.isnan(Judge().mesh(np.zeros((512, 512, 3), np.uint8))).all()


def test_a_face_that_nobody_finds_is_no_better_than_a_bad_one() -> None:
    """Left out, a model that fails on the hard half would have the median of the easy one."""
    real = np.random.default_rng(0).uniform(0, 500, (3, 468, 2))
    made = real.copy()
    made[:2] = np.nan
    row = outside_judge(made, real).rows[0][1]
    assert row[:3] == (3, pytest.approx(1 / 3), np.inf)
    real[:2] = np.nan  # where the render shows no face, nothing is asked
    assert outside_judge(made, real).rows[0][1][:3] == (1, 1, 0)


def test_every_phrase_of_the_page_has_a_claim() -> None:
    """A phrase that nobody measures may do nothing."""
    offered = {text for kind, texts in WORDS.items() if kind != "people" for text in texts}
    assert offered <= CLAIMS.keys()


def test_signs_grow_with_what_they_are_signs_of() -> None:
    labels = large_face()
    plain, draw = grey(labels), np.random.default_rng(0)
    striped = plain.copy()
    striped[:, ::6] = 90
    noisy = draw.integers(60, 220, plain.shape, np.uint8)
    assert straightness(striped, labels) > 0.9 > 0.6 > straightness(noisy, labels)
    freckled = plain.copy()
    freckled[288:352:8, 120:400:8] = 60
    assert spots(freckled, labels) > spots(plain, labels) == 0
    shadowed = plain.copy()
    shadowed[170:191, 140:400] = (90, 90, 200)
    assert lid_color(shadowed, labels) > 10 > lid_color(plain, labels)


def test_a_blue_beard_is_odd_and_a_grey_or_brown_one_is_not() -> None:
    labels = large_face()
    for color, is_odd in (((60, 70, 110), True), ((80, 95, 60), True), ((90, 90, 90), False),
                          ((80, 55, 40), False)):  # fmt: skip
        image = grey(labels)
        image[labels == SKIN] = color
        assert odd_beard(image, labels) == is_odd


def test_what_steering_does_is_told_by_its_worst_region() -> None:
    def one(inside: float, outside: float, is_monotone: bool = True) -> Heard:
        return Heard(dict.fromkeys(("muted", "weak", "strong"), (inside, outside)), is_monotone)

    found = {"hair": [one(40, 4), one(20, 2)], "nose": [one(10, 5, False)], "eyes": []}
    rows = dict(muted(found).rows)
    assert rows["hair"] == (2, 30, 3, 10) and rows["eyes"] == (0, None, None, None)
    assert rows["least of all"] == (3, 10, None, 2)
    rows = dict(weighed(found).rows)
    assert rows["least of all x4"] == (3, 10, None, 2, pytest.approx(2 / 3))
    assert rows["hair x0.25"][-1] == 1


def test_pairs_do_not_tell_which_is_which_and_are_judged_by_the_key(tmp_path: Path) -> None:
    """A row in the wrong order, or the same side throughout, would make judges look clever."""
    black, white = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    pairs = Pairs(tmp_path, 12, seed=1)
    pairs.write(lambda _: white, lambda _: black)
    key = json.loads((tmp_path / "pairs_key.json").read_text())
    assert set(key.values()) == {"left", "right"}
    assert not list((tmp_path / "pairs").glob("*key*")) and pairs.section() is None
    sheets = [np.asarray(Image.open(p)) for p in sorted((tmp_path / "pairs").glob("*.jpg"))]
    assert len(sheets) == 3
    for pair, side in key.items():
        sheet, row = sheets[(int(pair) - 1) // 5], (int(pair) - 1) % 5
        left = sheet[row * 44 + 16, 40 + 16].mean()
        assert (left > 128) == (side == "left")
    answers = tmp_path / "pairs" / "answers.csv"
    lines = ["pair,rendered", *(f"{pair},{side}" for pair, side in key.items())]
    answers.write_text("\n".join(lines[:9]))
    (tmp_path / "pairs" / "answers_2.csv").write_text("pair,rendered\n" + f"1,{key['2']}")
    section = pairs.section()
    assert section is not None and dict(section.rows)["answers"] == (8, 1.0)
    answers.write_text("pair,rendered\n1,up")
    with pytest.raises(ValueError, match="'up' for the pair '1'"):
        pairs.section()


def test_goals_name_what_is_measured() -> None:
    """A row that was renamed would leave its goal open for ever."""
    measured = {"cost": {"seconds an image": {"value": 0.5}, "megabytes on disk": {"value": 65.0}}}
    rows = dict(goals(measured).rows)
    assert rows["seconds an image"] == (0.5, "<= 0.6", "yes")
    assert rows["megabytes on disk"][2] == "no" and rows["leaks, above the renders'"][2] == "-"
    assert len(rows) == len(GOALS)
