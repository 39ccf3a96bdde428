"""The formulas of the evaluation, on cases that can be worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facemogle.evaluation.changes import CHANGES, changed, without
from facemogle.evaluation.consistency import consistency, mean_of_given
from facemogle.evaluation.distances import frechet_distance, precision_recall
from facemogle.evaluation.gate import GateLog
from facemogle.evaluation.prompts import (
    nine_prompts,
    readable,
    told_attributes,
    unasked_attributes,
)
from facemogle.evaluation.report import Section, markdown_table, numbers, text_table
from facemogle.gate.trace import Trace

A = 9  # attributes
ALL = np.ones(A, bool)
GLASSES = 2
HAIR, SKIN, NOSE = 13, 1, 2


def with_moments(mean: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Points with exactly this mean and the covariance root @ root.T."""
    count = len(mean)
    cross = np.concatenate([np.eye(count), -np.eye(count)]) * np.sqrt((2 * count - 1) / 2)
    return cross @ root.T + mean


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    draw = np.random.default_rng(0)
    rotation = np.linalg.qr(draw.normal(size=(5, 5)))[0]
    first, second = draw.uniform(0.5, 2, (2, 5))
    shift = draw.normal(size=5)
    a = with_moments(np.zeros(5), rotation * first)
    b = with_moments(shift, rotation * second)
    # Covariances that commute: |shift|^2 + sum (sigma_a - sigma_b)^2.
    assert frechet_distance(a, b) == pytest.approx(shift @ shift + ((first - second) ** 2).sum())


def test_the_frechet_distance_does_not_need_covariances_that_commute() -> None:
    """The product's root is no product of roots then: sqrtm of the product is the definition."""
    from scipy.linalg import sqrtm

    draw = np.random.default_rng(1)
    a, b = draw.normal(size=(2, 40, 4)) @ draw.normal(size=(2, 4, 4))
    root = np.real(sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)))
    traces = np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(((a.mean(0) - b.mean(0)) ** 2).sum() + traces)


def test_equal_sets_are_as_near_as_can_be() -> None:
    """Also fewer points than channels, where a covariance has no inverse."""
    points = np.random.default_rng(0).normal(size=(10, 30)).astype(np.float32)
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)
    assert precision_recall(points, points) == (1, 1)


def test_precision_and_recall_by_hand() -> None:
    """Balls to the third neighbour: of points 0 to 4 their radii are 3, 2, 2, 2, 3."""
    real = np.arange(5.0)[:, None]
    made = np.array([-3.0, -3.1, 7.0, 100.0, 101.0, 102.0, 103.0])[:, None]
    precision, recall = precision_recall(real, made)
    assert precision == pytest.approx(2 / 7)  # -3 and 7 lie on the edges
    assert recall == 1  # the ball of -3 reaches to 103 - 3: a lonely point claims much
    assert precision_recall(real, np.full((4, 1), 2.0)) == (1, 1 / 5)


def test_regions_that_nobody_asked_for_are_no_regions_of_the_mean() -> None:
    """Means over other regions for renders and generated images would have no ratio."""
    matrix = np.zeros((19, 19), int)
    matrix[SKIN, SKIN], matrix[HAIR, HAIR], matrix[HAIR, 14] = 8, 6, 2
    assert mean_of_given(matrix) == (1 + 6 / 8) / 2
    rows = dict(consistency(matrix, matrix).rows)
    assert rows["hair"] == (0.75, 0.75, 1) and rows["hat"] == (0, 0, None)


def test_an_attribute_counts_where_it_is_told_and_seen() -> None:
    """Counted everywhere, faces that nobody asked glasses of would hide missing glasses."""
    truth = np.zeros((4, A), int)
    truth[:, GLASSES] = [1, 1, 0, -1]
    told = np.zeros((4, A), bool)
    told[:, GLASSES] = [True, True, False, True]
    made, real = truth.copy(), truth.copy()
    made[0, GLASSES] = 0
    rows = dict(told_attributes("x", made, real, truth, told, ALL).rows)
    assert rows["glasses"] == (2, 0.5, 1.0, 0.5)
    assert rows["hat"] == (0, None, None, None)
    assert rows["mean of the attributes"] == (4, 0.5, 1.0, 0.5)
    made[2, GLASSES] = 2
    assert dict(unasked_attributes(made, real, truth, told).rows)["glasses"] == (1, 1.0, 0.0)


def test_what_the_classifier_guesses_is_not_in_the_mean() -> None:
    """By chance generated images are as right as renders: such rows would lift any ratio."""
    truth = np.zeros((10, A), int)
    truth[0, GLASSES] = -1
    real = truth.copy()
    real[4:, 0] = 1
    real[0, GLASSES] = 1  # hidden: neither right nor wrong
    counts = readable(real, truth)
    assert counts.tolist() == [False] + [True] * (A - 1)
    made, told = truth.copy(), np.zeros((10, A), bool)
    told[:, :2] = True
    section = told_attributes("x", made, real, truth, told, counts)
    assert dict(section.rows)["mean of the attributes"] == (10, 1.0, 1.0, 1.0)
    assert "hair colour" in section.note and "skin tone" not in section.note


def test_nine_prompts_count_answers_and_how_many_different_ones() -> None:
    wanted = np.full((3, A), -1)
    wanted[:, 0] = [0, 1, 2]
    made = np.zeros((2, 3, A), int)
    made[1, :, 0] = [0, 1, 1]
    rows = dict(nine_prompts(made, wanted, ALL).rows)
    assert rows["hair colour"] == (6, 0.5, 1.5, 3)
    assert rows["hat"] == (0, None, None, 0)
    assert rows["mean of the attributes"] == (6, 0.5, None, None)


def test_the_gate_is_averaged_over_the_faces_that_have_the_region(tmp_path) -> None:
    """A face without a hat has no weight inside the hat: not 0."""
    log = GateLog(tmp_path / "gate.jsonl")
    weights = np.full((2, 4, 20), 0.5 / 19, np.float32)
    weights[:, :, HAIR + 1] = [[0.5, 0.1, 0.1, 0.1], [0.9, 0.2, 0.2, 0.2]]
    trace = Trace(np.array([1, 0.5], np.float32), weights, (2, 2))
    hairy = np.zeros((4, 4), np.uint8)
    hairy[:2, :2] = HAIR
    log.add("a", trace, hairy)
    log.add("b", trace, np.zeros((4, 4), np.uint8))
    log.add("c", trace, hairy)
    section = log.section(["a", "b"])
    assert section is not None
    over_t = section.more["over t"]
    assert over_t["t"] == [1, 0.5]
    assert over_t["hair"]["inside"] == pytest.approx([0.5, 0.9], abs=1e-5)
    assert over_t["hair"]["outside"] == pytest.approx(
        [(0.1 + 0.2) / 2, (0.2 + 0.375) / 2], abs=1e-5
    )
    assert over_t["nose"]["inside"] == [None, None]
    assert dict(section.rows)["hair"][-2:] == pytest.approx((0.9 / 0.2875, 0.4), abs=1e-3)
    assert log.section(["z"]) is None


def test_a_place_is_won_by_the_expert_that_weighs_most_there(tmp_path) -> None:
    """A place that two regions share belongs to neither, and one sure expert is no entropy."""
    log = GateLog(tmp_path / "gate.jsonl")
    weights = np.zeros((2, 4, 20), np.float32)
    weights[0, :, 0] = 1
    weights[1] = 0.05
    weights[1, :2, HAIR + 1] = 0.06
    labels = np.zeros((4, 4), np.uint8)
    labels[:2, :2] = HAIR
    labels[2:, 0] = SKIN
    log.add("a", Trace(np.array([1, 0.5], np.float32), weights, (2, 2)), labels)
    section = log.readable(["a"])
    assert section is not None and section.columns == ["t=1.00", "t=0.50", "all steps"]
    own, everyone, entropy = (values for _, values in section.rows)
    assert own == pytest.approx([0, 1 / 3, 1 / 6], abs=1e-4)
    assert everyone == pytest.approx([1, 1 / 3, 2 / 3], abs=1e-4)
    assert entropy == pytest.approx([0, 1, 0.5], abs=0.02)
    assert log.readable(["z"]) is None


def test_experts_are_counted_that_prefer_their_region_and_change(tmp_path) -> None:
    """One step of indifference is enough not to prefer it, and 0.1 over t to change."""
    log = GateLog(tmp_path / "gate.jsonl")
    weights = np.full((2, 4, 20), 0.01, np.float32)
    weights[:, :2, HAIR + 1] = [[0.5], [0.7]]
    weights[:, 2:, SKIN + 1] = [[0.5], [0.01]]
    labels = np.full((4, 4), SKIN, np.uint8)
    labels[:2] = HAIR
    log.add("a", Trace(np.array([1, 0.5], np.float32), weights, (2, 2)), labels)
    section = log.experts(["a"])
    assert section is not None
    assert [values for _, values in section.rows] == [(2, 1, 0.5), (2, 2, 1.0)]
    assert log.experts(["z"]) is None


def face() -> np.ndarray:
    """uint8 (64, 64): hair around skin with a nose, brows, eyes and lips, on background."""
    labels = np.zeros((64, 64), np.uint8)
    labels[4:60, 8:56] = HAIR
    labels[12:60, 14:50] = SKIN
    for region, rows, columns in (
        (NOSE, (28, 40), (28, 36)),
        (4, (24, 28), (38, 46)),
        (5, (24, 28), (18, 26)),
        (6, (18, 21), (38, 46)),
        (7, (18, 21), (18, 26)),
        (11, (44, 47), (26, 38)),
        (12, (47, 50), (26, 38)),
    ):
        labels[slice(*rows), slice(*columns)] = region
    return labels


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.title)
def test_a_change_keeps_every_region_and_the_map_it_began_with(change) -> None:
    """An edit that swallows the eyes would measure something else than it says."""
    before = face()
    after = changed(before, change)
    assert np.array_equal(before, face())
    assert after is not None and (after != before).any()
    assert set(np.unique(after)) == set(np.unique(before))


def test_a_change_of_what_is_not_there_is_none() -> None:
    before = face()
    before[before == NOSE] = SKIN
    assert changed(before, CHANGES[0]) is None


def test_an_emptied_region_is_gone_and_nothing_else_is() -> None:
    before = face()
    after = without(before, NOSE)
    assert not (after == NOSE).any()
    assert np.array_equal(after != before, before == NOSE)
    assert set(np.unique(after[before == NOSE])) == {SKIN}


def test_what_is_missing_is_a_dash_to_read_and_null_to_load() -> None:
    """NaN is no JSON, and 0 would be a lie."""
    section = Section("part", ("a", "b"), [("row", (float("nan"), None)), ("other", (0.25, 3))])
    assert "| row | - | - |" in markdown_table([section])
    assert text_table([section]).splitlines()[2].split() == ["other", "0.250", "3"]
    found = json.loads(json.dumps(numbers([section]), allow_nan=False))
    assert found["part"] == {"row": {"a": None, "b": None}, "other": {"a": 0.25, "b": 3}}
