"""The gate: how much each expert weighs inside and outside its region, over t."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facemogle.evaluation.report import Section, ratio
from facemogle.gate.trace import Trace
from facemogle.masks.regions import EXPERT_TITLES, NUM_EXPERTS

PLACES = ("inside", "outside", "mean")
CLEAR = 0.6
"""A place belongs to a region that covers more than this share of its square."""

TWICE, CHANGE = 2.0, 0.1
"""What counts as preferring a region, and as changing over t."""

READ = ("won by their region's expert", "won by the global expert", "entropy of the weights")


class GateLog:
    """Mean weights of the runs of many faces, kept in a file, a JSON line a face."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, name: str, trace: Trace, label_map: np.ndarray) -> None:
        """Keep what a run's trace says. label_map: uint8 (H, W)."""
        rows = trace.statistics(label_map)
        line = {"name": name, "t": trace.times.round(5).tolist()} | {
            place: _table([row[place] for row in rows]) for place in PLACES
        }
        line["read"] = _readable(trace, label_map).round(5).tolist()
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def section(self, names: Sequence[str]) -> Section | None:
        """Means over these faces' runs; None if there are none."""
        runs = self._runs(names)
        return _section(runs) if runs else None

    def readable(self, names: Sequence[str]) -> Section | None:
        """Who wins the places of these faces' runs, and how sure the gate is; None likewise."""
        runs = [run for run in self._runs(names) if "read" in run]
        if not runs:
            return None
        values = np.nanmean([run["read"] for run in runs], axis=0)
        shown = _shown(runs[0]["t"])
        rows = [
            (name, [*(float(values[s, n]) for s in shown), float(values[:, n].mean())])
            for n, name in enumerate(READ)
        ]
        columns = [*(f"t={runs[0]['t'][s]:.2f}" for s in shown), "all steps"]
        note = (
            f"Of the places of which a region covers more than {CLEAR:.0%}: whose expert has the "
            "largest weight. Entropy in parts of that of 20 equal weights, over all places."
        )
        return Section("gate, who is heard", columns, rows, note)

    def experts(self, names: Sequence[str]) -> Section | None:
        """How many of the local experts prefer their region, and change over t; None likewise."""
        runs = self._runs(names)
        if not runs:
            return None
        inside, outside = (_means([run[place] for run in runs])[:, 1:] for place in PLACES[:2])
        seen = ~np.isnan(inside).any(0)
        inside, outside = inside[:, seen], outside[:, seen]
        rows = [
            ("weigh twice as much inside, at every step", (inside >= TWICE * outside).all(0)),
            ("change inside over t by 0.1", inside.max(0) - inside.min(0) >= CHANGE),
        ]
        note = "Of the local experts whose regions the faces have, mean weights over the faces."
        return Section(
            "gate, how many experts",
            ("experts", "do", "share"),
            [(n, (int(seen.sum()), int(does.sum()), float(does.mean()))) for n, does in rows],
            note,
        )

    def _runs(self, names: Sequence[str]) -> list[dict]:
        if not self.file.is_file():
            return []
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        return list({one["name"]: one for one in lines if one["name"] in set(names)}.values())


def _section(runs: list[dict]) -> Section:
    times = runs[0]["t"]
    found = {place: _means([run[place] for run in runs]) for place in PLACES}  # (S, 20) each
    shown = _shown(times)
    columns = [f"{p} t={times[s]:.2f}" for s in shown for p in PLACES[:2]]
    columns += ["inside / outside, last", "inside, span over t"]
    rows = []
    for expert, title in enumerate(EXPERT_TITLES):
        # The global expert has no region: its mean stands for its inside.
        inside = found["mean" if expert == 0 else "inside"][:, expert]
        outside = found["outside"][:, expert]
        values = [float(x[step]) for step in shown for x in (inside, outside)]
        span = float(inside.max() - inside.min())
        rows.append((title.lower(), (*values, ratio(values[-2], values[-1]), span)))
    more = {
        "over t": {
            "t": times,
            **{
                title.lower(): {
                    place: [None if np.isnan(v) else float(v) for v in found[place][:, expert]]
                    for place in PLACES
                }
                for expert, title in enumerate(EXPERT_TITLES)
            },
        }
    }
    note = f"Mean over {len(runs)} faces. The global expert has no region: inside is everywhere."
    return Section("gate, mean weight", columns, rows, note, more)


def _shown(times: Sequence[float]) -> list[int]:
    """The first, the middle and the last step."""
    return sorted({0, len(times) // 2, len(times) - 1})


def _readable(trace: Trace, label_map: np.ndarray) -> np.ndarray:
    """What `READ` names, at each step: float (S, 3); the first two are NaN without a clear place.

    label_map: uint8 (H, W).
    """
    coverage = trace.coverage(label_map)
    clear, own = coverage.max(axis=0) > CLEAR, coverage.argmax(axis=0) + 1
    winners = trace.winners()[:, clear]
    won = [winners == own[clear], winners == 0]
    weights = trace.gate_weights
    entropy = -(weights * np.log(weights.clip(1e-9))).sum(axis=2) / np.log(NUM_EXPERTS)
    return np.stack([*(one.mean(axis=1) for one in won), entropy.mean(axis=1)], axis=1)


def _table(values: list[float | None]) -> list[list[float | None]]:
    """A row per step of 20 experts' values."""
    rounded = [None if value is None else round(value, 6) for value in values]
    return [rounded[n : n + NUM_EXPERTS] for n in range(0, len(rounded), NUM_EXPERTS)]


def _means(tables: list[list[list[float | None]]]) -> np.ndarray:
    """Mean over the faces that have a value, NaN where none has: float (S, 20)."""
    values = np.array(tables, dtype=float)
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(0)
    counts = known.sum(0)
    return np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0)
