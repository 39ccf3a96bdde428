"""Prompt attributes: does a picture show what its caption tells?"""

from __future__ import annotations

import numpy as np

from facemogle.evaluation.attributes import ATTRIBUTES
from facemogle.evaluation.report import Section, Value, ratio

NOTE = (
    "Share of the faces on which the classifier reads the class that the caption tells, of those "
    "whose caption tells it and whose render shows it."
)


def told_attributes(
    title: str, made: np.ndarray, real: np.ndarray, truth: np.ndarray, told: np.ndarray
) -> Section:
    """Accuracy on generated pictures beside the classifier's own on the renders.

    made, real: readings, int64 (n, A). truth: of the renders, -1 = not seen. told: bool (n, A).
    """
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for index, attribute in enumerate(ATTRIBUTES):
        counted = told[:, index] & (truth[:, index] >= 0)
        asked = truth[counted, index]
        shares = [_share(x[counted, index] == asked) for x in (made, real)]
        rows.append((attribute.name, (int(counted.sum()), *shares, ratio(*shares))))
    means = [_mean([values[column] for _, values in rows]) for column in (1, 2)]
    rows.insert(0, ("mean of the attributes", (len(made), *means, ratio(*means))))
    return Section(title, ("faces", "generated", "renders", "ratio"), rows, NOTE)


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


def nine_prompts(made: np.ndarray, wanted: np.ndarray) -> Section:
    """How well several prompts change the face of one mask, and how much.

    made: readings, int64 (masks, prompts, A). wanted: what each prompt asks for, int64 (prompts,
    A), -1 = nothing.
    """
    rows: list[tuple[str, tuple[Value, ...]]] = []
    for index, attribute in enumerate(ATTRIBUTES):
        tells = wanted[:, index] >= 0
        read = made[:, tells, index]
        if not tells.any():
            continue
        different = float(np.mean([len(np.unique(one)) for one in read]))
        asked = len(np.unique(wanted[tells, index]))
        rows.append(
            (attribute.name, (read.size, _share(read == wanted[tells, index]), different, asked))
        )
    rows.insert(
        0,
        (
            "mean of the attributes",
            (made.shape[0] * made.shape[1], _mean([values[1] for _, values in rows]), None, None),
        ),
    )
    columns = ("pictures", "as asked", "different readings", "asked for")
    note = "On one mask and seed. Different readings: of the prompts that tell the attribute."
    return Section("nine prompts on a mask", columns, rows, note)


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if hits.size else None


def _mean(values: list[Value]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None
