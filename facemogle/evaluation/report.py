"""What was measured, as a table to read and as numbers to keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Value = float | int | str | None


@dataclass(frozen=True)
class Section:
    """One part of the table.

    columns: their heads. rows: name and a value for each column; None = there is none.
    note: how to read it. more: numbers that are kept and not shown.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Value]]]
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def text_table(sections: Sequence[Section]) -> str:
    """For a terminal."""
    lines = []
    for section in sections:
        texts = [[_text(value) for value in values] for _, values in section.rows]
        widths = [
            max(10, 2 + max(len(column), *(len(row[n]) for row in texts), 0))
            for n, column in enumerate(section.columns)
        ]
        longest = max([len(section.title), *(len(name) for name, _ in section.rows)])
        heads = "".join(f"{c:>{w}}" for c, w in zip(section.columns, widths, strict=True))
        lines += [f"{section.title:<{longest}}{heads}"]
        for (name, _), row in zip(section.rows, texts, strict=True):
            cells = "".join(f"{text:>{w}}" for text, w in zip(row, widths, strict=True))
            lines.append(f"{name:<{longest}}{cells}")
        lines += [section.note, ""] if section.note else [""]
    return "\n".join(lines).rstrip()


def markdown_table(sections: Sequence[Section]) -> str:
    """For a model card."""
    lines = []
    for section in sections:
        lines += [f"| {section.title} | {' | '.join(section.columns)} |"]
        lines += ["|---" * (len(section.columns) + 1) + "|"]
        lines += [f"| {name} | {' | '.join(map(_text, values))} |" for name, values in section.rows]
        lines += ["", section.note, ""] if section.note else [""]
    return "\n".join(lines)


def numbers(sections: Sequence[Section]) -> dict[str, Any]:
    """By title, row and column; what is no number is null."""
    return {
        section.title: {
            **{
                name: dict(zip(section.columns, map(_number, values), strict=True))
                for name, values in section.rows
            },
            **section.more,
        }
        for section in sections
    }


def ratio(value: float | None, reference: float | None) -> float | None:
    """The value by its reference; None if one is missing or the reference is 0."""
    if value is None or not reference or math.isnan(reference):
        return None
    return value / reference


def _number(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Value) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
