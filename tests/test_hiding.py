"""A hidden region leaves no trace: its neighbours grow over it, and nothing else moves."""

from __future__ import annotations

import random

import numpy as np
import pytest

from facemogle.faces.folder import some_hidden
from facemogle.masks.hiding import hidden
from facemogle.masks.label_map import MaskError


def test_neighbours_grow_over_a_hidden_region(label_map: np.ndarray) -> None:
    without = hidden(label_map, [13])
    kept = label_map != 13
    assert np.array_equal(without[kept], label_map[kept]) and 13 not in without
    # Background from outside, skin from inside, each as far as it is the nearer one.
    assert without[30, 8] == 0 and without[30, 13] == 1
    assert set(np.unique(without[~kept])) == {0, 1}


def test_several_go_at_once_and_absent_ones_change_nothing(label_map: np.ndarray) -> None:
    assert set(np.unique(hidden(label_map, [4, 5, 13]))) == {0, 1}
    assert hidden(label_map, [14]) is label_map


def test_something_must_be_left(label_map: np.ndarray) -> None:
    with pytest.raises(MaskError, match="no mask at all"):
        hidden(np.ones((4, 4), np.uint8), [1])


def test_training_hides_one_region_or_several_never_all(label_map: np.ndarray) -> None:
    present = set(np.unique(label_map).tolist())
    gone = [
        present - set(np.unique(some_hidden(label_map, random.Random(n))).tolist())
        for n in range(200)
    ]
    assert {len(one) for one in gone} == {1, 2, 3, 4} and set().union(*gone) == present
    assert np.array_equal(some_hidden(np.ones((4, 4), np.uint8), random.Random(0)), np.ones((4, 4)))
