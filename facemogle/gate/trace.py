"""The gate's weights over a whole sampling run: maps, statistics, heatmaps, export.

Shapes: S = steps, N = image tokens = rows * columns of the token grid, 20 = experts.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import cv2
import numpy as np
from PIL import Image

from facemogle.gate.film import FilmFormat, Frame, write_film
from facemogle.gate.heatmap import Scale, draw_heatmap, draw_winners
from facemogle.gate.plot import plot_curves
from facemogle.gate.sheet import Column, Row, draw_contact_sheet
from facemogle.masks.label_map import decouple, present_regions
from facemogle.masks.regions import EXPERT_TITLES, NUM_EXPERTS, NUM_REGIONS, REGIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_SHEET_ROWS = 10
"""A contact sheet shows at most this many steps, evenly spaced, the first and the last included."""

MAX_BYTES = 2**29
"""Of a trace file's arrays: of 100 steps at 2048x2048 pixels, they have a quarter of that."""


class GatedStep(Protocol):
    """What a trace needs of a pipeline's ``Step``."""

    @property
    def t(self) -> float:
        """Time in [0, 1], 1 = noise, that the step started from."""
        ...

    @property
    def gate_weights(self) -> Any:
        """Tensor (B, N, 20), or None for a step without a mask."""
        ...


@dataclass(frozen=True, eq=False)
class Trace:
    """Gate weights of all steps.

    times: float32 (S,) in [0, 1], 1 = noise: the t that each step started from.
    gate_weights: float32 (S, N, 20) in [0, 1]; the 20 weights of a token sum to 1.
    grid: (rows, columns) of the tokens, row by row.
    Raises ValueError if the shapes do not belong together.
    """

    times: np.ndarray
    gate_weights: np.ndarray
    grid: tuple[int, int]

    def __post_init__(self) -> None:
        rows, columns = self.grid
        if self.times.ndim != 1:
            raise ValueError(f"Times have one axis; these have the shape {self.times.shape}.")
        expected = (len(self.times), rows * columns, NUM_EXPERTS)
        if self.gate_weights.shape != expected:
            raise ValueError(
                f"Gate weights of {len(self.times)} steps on {rows}x{columns} tokens have the "
                f"shape {expected}; these have {self.gate_weights.shape}."
            )

    @classmethod
    def from_steps(cls, steps: Iterable[GatedStep], grid: tuple[int, int], index: int = 0) -> Trace:
        """Collect the gate weights of steps that had a mask.

        grid: (rows, columns) of tokens. index: which of those that were made together.
        """
        steps = list(steps)
        weights = [step.gate_weights[index].detach().float().cpu().numpy() for step in steps]
        return cls(np.array([step.t for step in steps], np.float32), np.stack(weights), grid)

    def maps(self) -> np.ndarray:
        """Weights as images: float32 (S, 20, rows, columns)."""
        steps = len(self.times)
        return self.gate_weights.transpose(0, 2, 1).reshape(steps, NUM_EXPERTS, *self.grid)

    def winners(self) -> np.ndarray:
        """Expert with the largest weight at each place: uint8 (S, rows, columns)."""
        return self.maps().argmax(axis=1).astype(np.uint8)

    def heatmap(
        self, step: int, expert: int, *, size: tuple[int, int], scale: Scale = "absolute"
    ) -> np.ndarray:
        """Draw one expert's weights in one step. size: (height, width). Returns uint8 RGB."""
        return draw_heatmap(self.maps()[step, expert], size, scale)

    def statistics(self, label_map: np.ndarray | None = None) -> list[dict[str, Any]]:
        """Summarise every map of weights, by step and expert.

        label_map: uint8 (H, W); if given, a local expert's weights are also averaged inside and
            outside of its region, each token counting by the share of it that the region covers.
        Returns rows with step, t, expert, title, min, max, mean, and with a label map inside and
        outside, which are None for the global expert and where there is nothing to average.
        """
        coverage = None if label_map is None else self.coverage(label_map)
        rows = []
        for step, maps in enumerate(self.maps()):
            for expert, weights in enumerate(maps):
                row: dict[str, Any] = {
                    "step": step,
                    "t": float(self.times[step]),
                    "expert": expert,
                    "title": EXPERT_TITLES[expert],
                    "min": float(weights.min()),
                    "max": float(weights.max()),
                    "mean": float(weights.mean()),
                }
                if coverage is not None:
                    inside = np.zeros(self.grid) if expert == 0 else coverage[expert - 1]
                    row["inside"] = _weighted_mean(weights, inside)
                    row["outside"] = None if expert == 0 else _weighted_mean(weights, 1 - inside)
                rows.append(row)
        return rows

    def contact_sheet(
        self,
        image: Image.Image | None = None,
        label_map: np.ndarray | None = None,
        *,
        scale: Scale = "relative",
    ) -> Image.Image:
        """Draw all heatmaps in one image: a row per step, a column per expert.

        image: the result, shown in the corner.
        label_map: uint8 (H, W); shows what each expert saw and leaves out empty regions' experts.
        scale: of every map; its smallest and largest weight stand below it.
        """
        experts: Iterable[int] = range(NUM_EXPERTS)
        images = None
        if label_map is not None:
            experts = (0, *(REGIONS[region].expert for region in present_regions(label_map)))
            images = decouple(label_map)
        columns = [Column(EXPERT_TITLES[e], None if images is None else images[e]) for e in experts]
        count = min(len(self.times), MAX_SHEET_ROWS)
        shown = np.linspace(0, len(self.times) - 1, count).round().astype(int)
        maps = self.maps()[:, list(experts)]
        rows = [Row(f"Step {i + 1}", f"t = {self.times[i]:.3f}", maps[i]) for i in shown]
        return draw_contact_sheet(columns, rows, image, scale)

    def plot(
        self, label_map: np.ndarray | None = None, *, size: tuple[float, float] = (11, 4.5)
    ) -> Figure:
        """Draw every expert's mean weight over t as a matplotlib figure.

        label_map: uint8 (H, W); if given, two panels: local experts' means inside and outside of
            their own region, as in ``statistics``. Without it, one: means over the whole image,
            with the global expert.
        size: width and height in inches.
        """
        rows = self.statistics(label_map)
        keys = {"mean": "Whole image"}
        if label_map is not None:
            keys = {"inside": "Inside its own region", "outside": "Outside of it"}
        panels = {
            title: {
                expert: [row[key] for row in rows if row["expert"] == expert]
                for expert in range(NUM_EXPERTS)
            }
            for key, title in keys.items()
        }
        return plot_curves(self.times.tolist(), panels, size)

    def film(
        self,
        images: Sequence[Image.Image],
        expert: int | None = None,
        *,
        scale: Scale = "relative",
        format: FilmFormat = "gif",
    ) -> bytes:
        """Write the steps as a GIF or MP4: the image at each step, beside it an expert's weights.

        images: one per step. expert: None shows the winning experts in the regions' colours.
        Raises ValueError if images and steps differ in number, or without PyAV for an MP4.
        """
        if len(images) != len(self.times):
            raise ValueError(
                f"There are {len(images)} images for {len(self.times)} steps. Give one a step."
            )
        title = "Winning experts" if expert is None else EXPERT_TITLES[expert]
        maps, winners = self.maps(), self.winners()
        frames = (
            Frame(
                image,
                draw_winners(winners[i])
                if expert is None
                else draw_heatmap(maps[i, expert], self.grid, scale),
                f"Step {i + 1} of {len(images)}, t = {self.times[i]:.3f}",
                title,
            )
            for i, image in enumerate(images)
        )
        return write_film(frames, format)

    def save(self, path: str | Path) -> None:
        """Write the trace as a compressed .npz with the arrays times, gate_weights and grid.

        ``docs/trace.md`` describes the layout for readers in other programs.
        """
        with Path(path).open("wb") as file:  # given a name, numpy would add a suffix to it
            np.savez_compressed(
                file, times=self.times, gate_weights=self.gate_weights, grid=np.array(self.grid)
            )

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read what ``save`` wrote. No pickled code is executed.

        Raises ValueError for any other file, also for a damaged one, or OSError if there is none.
        """
        with Path(path).open("rb") as file:
            try:
                return cls(*_read(file))
            except Exception as error:  # broken zip files and headers in them raise many kinds
                raise ValueError(
                    f"{path} is no trace of facemogle, or a damaged one ({error}). Save it again."
                ) from error

    def coverage(self, label_map: np.ndarray) -> np.ndarray:
        """Share of every token that each region covers, float32 (19, rows, columns)."""
        rows, columns = self.grid
        areas = [(label_map == region).astype(np.float32) for region in range(NUM_REGIONS)]
        return np.stack(
            [cv2.resize(area, (columns, rows), interpolation=cv2.INTER_AREA) for area in areas]
        )


def _read(file: BinaryIO) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Times, gate weights and grid of a trace file."""
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f"it unpacks to {size / 2**20:.0f} MB")
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        rows, columns = (int(length) for length in arrays["grid"])
        times, weights = (
            arrays[name].astype(np.float32, casting="same_kind", copy=False)
            for name in ("times", "gate_weights")
        )
    if not (np.isfinite(times).all() and np.isfinite(weights).all()):
        raise ValueError("it has values that are no numbers")
    return times, weights, (rows, columns)


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> float | None:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else None
