"""The kinds of files with the reference implementation's numbers, and how close is close.

A kind knows which arrays of its files are inputs and computes the others from them, so that an
array that nothing is compared with cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facemogle.pipeline import FaceMoGLEPipeline

FIXTURES = Path(__file__).resolve().parent / "fixtures"

Case = Mapping[str, np.ndarray]

USUAL_TOLERANCE = 5e-5
"""The smallest deliberate deviation moves the latents by 6e-4, other CPUs by 1e-5."""


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    mark: an array that only files of this kind have.
    inputs: arrays that the others are computed from, or that describe them.
    compute: what this package makes of the inputs, by array.
    tolerances: largest relative differences other than the usual one.
    omitted: arrays of variants that this package does not have, with the reason.
    """

    title: str
    mark: str
    inputs: frozenset[str]
    compute: Callable[[FaceMoGLEPipeline, Case], dict[str, np.ndarray]]
    tolerances: Mapping[str, float] = field(default_factory=dict)
    omitted: Mapping[str, str] = field(default_factory=dict)

    def tolerance(self, array: str) -> float:
        return self.tolerances.get(array, USUAL_TOLERANCE)

    def differences(self, pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, float]:
        """Largest relative difference of each array that is not an input.

        Raises ValueError for a file with arrays that are neither computed nor known.
        """
        computed = self.compute(pipeline, case)
        if unknown := case.keys() - computed.keys() - self.inputs - self.omitted.keys():
            raise ValueError(f"Nothing is compared with {', '.join(sorted(unknown))}.")
        return {
            name: relative_difference(array, case[name])
            for name, array in computed.items()
            if name in case
        }


def resolve(name: str) -> Path:
    """A path as given, or else in tests/fixtures."""
    return Path(name) if Path(name).exists() else FIXTURES / name


def load_case(name: str) -> Case:
    with np.load(resolve(name), allow_pickle=False) as file:
        return dict(file)


def relative_difference(computed: np.ndarray, stored: np.ndarray) -> float:
    """Largest difference, relative to the largest stored number; infinite if the shapes differ."""
    if computed.shape != stored.shape:
        return float("inf")
    if stored.dtype.kind == "U":
        return 0.0 if np.array_equal(computed, stored) else float("inf")
    largest = np.abs(stored.astype(np.float64)).max()
    difference = np.abs(computed.astype(np.float64) - stored.astype(np.float64)).max()
    return float(difference / largest) if largest else float(difference)
