"""Prompt attributes: does an image show what its caption tells?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facemogle.attributes.vocabulary import ATTRIBUTES
from facemogle.evaluation.report import Section, Value, ratio

READABLE = 0.7
"""Share of all renders that show an attribute, and of which the classifier must be right, for the
attribute to count in a mean: where it guesses, generated images are as good as renders."""


def readable(real: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Which attributes the classifier can read, bool (A,).

    real: its readings of renders, int64 (n, A). truth: -1 = not seen.
    """
    seen = truth >= 0
    right = ((real == truth) & seen).sum(0)
    return right >= READABLE * np.maximum(seen.sum(0), 1)


def told_attributes(
    title: str,
    made: np.ndarray,
    real: np.ndarray,
    truth: np.ndarray,
    told: np.ndarray,
    counts: np.ndarray,
) -> Section:
    """Accuracy on generated images beside the classifier's own on the renders.

    made, real: readings, int64 (n, A). truth: of the renders, -1 = not seen. told: bool (n, A).
    counts: `readable`, bool (A,).
    """
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for index, attribute in enumerate(ATTRIBUTES):
        counted = told[:, index] & (truth[:, index] >= 0)
        asked = truth[counted, index]
        shares = [_share(x[counted, index] == asked) for x in (made, real)]
        rows.append((attribute.name, (int(counted.sum()), *shares, ratio(*shares))))
    means = [_mean([values[column] for _, values in rows], counts) for column in (1, 2)]
    rows[:0] = [
        ("mean of the attributes", (len(made), *means, ratio(*means))),
        ("least of the attributes", (len(made), *_least(rows, counts))),
    ]
    note = (
        "Share of the faces on which the classifier reads the class that the caption tells, of "
        f"those whose caption tells it and whose render shows it.{_left_out(counts)}"
    )
    return Section(title, ("faces", "generated", "renders", "ratio"), rows, note)


def unasked_attributes(
    made: np.ndarray, real: np.ndarray, truth: np.ndarray, told: np.ndarray
) -> Section:
    """How often a thing is read that neither the caption tells nor the render shows."""
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for index, attribute in enumerate(ATTRIBUTES):
        if attribute.absence:
            counted = ~told[:, index] & (truth[:, index] == 0)
            shares = [_share(x[counted, index] != 0) for x in (made, real)]
            rows.append((attribute.name, (int(counted.sum()), *shares)))
    return Section("shown though not asked for", ("faces", "generated", "renders"), rows)


def nine_prompts(made: np.ndarray, wanted: np.ndarray, counts: np.ndarray) -> Section:
    """How well several prompts change the face of one mask, and how much.

    made: readings, int64 (masks, prompts, A). wanted: what each prompt asks for, int64 (prompts,
    A), -1 = nothing. counts: `readable`, bool (A,).
    """
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for index, attribute in enumerate(ATTRIBUTES):
        tells = wanted[:, index] >= 0
        read, asked = made[:, tells, index], wanted[tells, index]
        different = _mean([len(np.unique(one)) for one in read]) if tells.any() else None
        values = (read.size, _share(read == asked), different, len(np.unique(asked)))
        rows.append((attribute.name, values))
    mean = _mean([values[1] for _, values in rows], counts)
    rows.insert(0, ("mean of the attributes", (len(made) * len(wanted), mean, None, None)))
    columns = ("images", "as asked", "different readings", "asked for")
    note = (
        "On one mask and seed. Different readings: of the prompts that tell the attribute."
        f"{_left_out(counts)}"
    )
    return Section("nine prompts on a mask", columns, rows, note)


def _least(
    rows: Sequence[tuple[str, Sequence[Value]]], counts: np.ndarray
) -> tuple[Value, Value, Value]:
    """Generated, renders and ratio of the attribute in the mean whose ratio is the smallest."""
    known = [
        values
        for (_, values), counted in zip(rows, counts, strict=True)
        if counted and values[3] is not None
    ]
    return min((v[1:4] for v in known), key=lambda v: v[2], default=(None, None, None))  # pyright: ignore


def _left_out(counts: np.ndarray) -> str:
    names = [a.name for a, counted in zip(ATTRIBUTES, counts, strict=True) if not counted]
    if not names:
        return ""
    return f" Not in the mean, as the classifier hardly reads them on renders: {', '.join(names)}."


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if hits.size else None


def _mean(values: Sequence[Value], counts: np.ndarray | None = None) -> float | None:
    chosen = values if counts is None else [v for v, c in zip(values, counts, strict=True) if c]
    known = [float(value) for value in chosen if value is not None]
    return float(np.mean(known)) if known else None
