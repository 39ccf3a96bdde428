"""Curves of the gate's mean weights over t, as a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from facemogle.masks.regions import EXPERT_TITLES, REGIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = Sequence[float | None]
"""Mean weight in every step; None where there is nothing to average."""

_INK = 0.75  # of a region's colour, so that yellow shows on white paper
_GLOBAL = (0.5, 0.5, 0.5)


def plot_curves(
    times: Sequence[float], panels: Mapping[str, Mapping[int, Curve]], size: tuple[float, float]
) -> Figure:
    """Draw panels beside each other, on one scale.

    times: t in [0, 1] of every step, drawn from noise (1) at the left to the image (0).
    panels: title -> expert number -> curve. A curve of None only is omitted.
    size: width and height of the figure in inches.
    """
    from matplotlib.figure import Figure  # a second to load, and few need it

    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)
    drawn: dict[int, object] = {}
    for axes, (title, curves) in zip(grid[0], panels.items(), strict=True):
        _prepare(axes, title)
        for expert, curve in curves.items():
            if None in curve:
                continue
            width = 2.5 if expert == 0 else 1.5
            (drawn[expert],) = axes.plot(
                times, curve, color=_ink(expert), linewidth=width, label=EXPERT_TITLES[expert],
                marker="o" if len(times) == 1 else None,
            )  # fmt: skip
    grid[0][0].set_ylabel("mean gate weight")
    grid[0][0].set_ylim(bottom=0)
    figure.legend(
        handles=[drawn[expert] for expert in sorted(drawn)],
        loc="outside right center",
        frameon=False,
    )
    return figure


def _prepare(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("t (1 = noise)")
    axes.set_xlim(1, 0)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _ink(expert: int) -> tuple[float, ...]:
    if expert == 0:
        return _GLOBAL
    return tuple(_INK * channel / 255 for channel in REGIONS[expert - 1].color)
