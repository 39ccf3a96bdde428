"""Measured seconds as numbers to keep and lines to read."""

from __future__ import annotations

import statistics


def summary(seconds: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, least and most of each part."""
    return {
        name: {"median": statistics.median(times), "min": min(times), "max": max(times)}
        for name, times in seconds.items()
    }


def rows(found: dict[str, dict[str, float]], title: str) -> list[str]:
    """What ``summary`` found, as lines of a table in milliseconds."""
    lines = [f"{title:<54}{'median':>9}{'min':>9}{'max':>9}"]
    for name, times in found.items():
        values = "".join(f"{1000 * times[key]:9.1f}" for key in ("median", "min", "max"))
        lines.append(f"{name:<54}{values}")
    return lines
