"""Draw maps of gate weights as a table: a row per step, a column per expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facemogle.gate.heatmap import Scale, colors_of_levels, draw_heatmap

# Lengths in pixels.
CELL_WIDTH = 112
CAPTION_HEIGHT = 20
TITLE_HEIGHT = 26
GAP = 10
MARGIN = 24
LEGEND_WIDTH, LEGEND_HEIGHT = 320, 14
MIN_WIDTH = 1080  # for the legend and its explanation in one line

PAPER = "#ffffff"
INK = "#18181b"
FAINT = "#6b6b74"
FRAME = "#d4d4d8"


@dataclass(frozen=True)
class Column:
    """An expert. image: what it saw of the mask, uint8 (H, W, 3), or None."""

    title: str
    image: np.ndarray | None


@dataclass(frozen=True)
class Row:
    """A step. maps: its weights, float (table columns, token rows, token columns)."""

    title: str
    subtitle: str
    maps: np.ndarray


def draw_contact_sheet(
    columns: Sequence[Column], rows: Sequence[Row], image: Image.Image | None, scale: Scale
) -> Image.Image:
    """Draw the table with its titles and its legend.

    image: shown in the upper left corner. scale: of every map.
    """
    token_rows, token_columns = rows[0].maps.shape[1:]
    cell = (CELL_WIDTH, round(CELL_WIDTH * token_rows / token_columns))
    has_images = image is not None or columns[0].image is not None
    pitch = (cell[0] + GAP, cell[1] + CAPTION_HEIGHT + GAP)
    top = MARGIN + TITLE_HEIGHT + (cell[1] + 2 * GAP if has_images else 0)
    bottom = top + pitch[1] * len(rows) + GAP

    width = max(MIN_WIDTH, 2 * MARGIN + pitch[0] * (len(columns) + 1) - GAP)
    sheet = Image.new("RGB", (width, bottom + 3 * CAPTION_HEIGHT + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    if image is not None:
        _paste(sheet, image, (MARGIN, MARGIN + TITLE_HEIGHT), cell)
    for index, column in enumerate(columns, start=1):
        x = MARGIN + index * pitch[0]
        _write(pen, (x + cell[0] // 2, MARGIN + 8), column.title, 15, INK)
        if column.image is not None:
            _paste(sheet, Image.fromarray(column.image), (x, MARGIN + TITLE_HEIGHT), cell)
    for index, row in enumerate(rows):
        _draw_row(sheet, row, top + index * pitch[1], cell, scale)
    _draw_legend(sheet, rows, bottom, scale)
    return sheet


def _draw_row(sheet: Image.Image, row: Row, y: int, cell: tuple[int, int], scale: Scale) -> None:
    pen = ImageDraw.Draw(sheet)
    _write(pen, (MARGIN, y + cell[1] // 2 - 10), row.title, 15, INK, "lm")
    _write(pen, (MARGIN, y + cell[1] // 2 + 10), row.subtitle, 12, FAINT, "lm")
    for index, weights in enumerate(row.maps, start=1):
        x = MARGIN + index * (cell[0] + GAP)
        sheet.paste(Image.fromarray(draw_heatmap(weights, (cell[1], cell[0]), scale)), (x, y))
        span = f"{weights.min():.3f} to {weights.max():.3f}"
        _write(pen, (x + cell[0] // 2, y + cell[1] + CAPTION_HEIGHT // 2), span, 12, FAINT)


def _draw_legend(sheet: Image.Image, rows: Sequence[Row], y: int, scale: Scale) -> None:
    pen = ImageDraw.Draw(sheet)
    x = MARGIN + CELL_WIDTH + GAP
    ramp = np.tile(np.linspace(0, 1, LEGEND_WIDTH), (LEGEND_HEIGHT, 1))
    sheet.paste(Image.fromarray(colors_of_levels(ramp)), (x, y))
    low, high = ("0", "1") if scale == "absolute" else ("map's min", "map's max")
    below = y + LEGEND_HEIGHT + CAPTION_HEIGHT // 2
    _write(pen, (x, below), low, 12, FAINT, "lm")
    _write(pen, (x + LEGEND_WIDTH, below), high, 12, FAINT, "rm")

    weights = [row.maps for row in rows]
    smallest, largest = min(map(np.min, weights)), max(map(np.max, weights))
    explanation = (
        f"Gate weight, {scale} scale. All maps: min {smallest:.3f}, max {largest:.3f}. "
        "Below each map: its min and max."
    )
    _write(pen, (x + LEGEND_WIDTH + 2 * GAP, y + LEGEND_HEIGHT // 2), explanation, 13, INK, "lm")


def _paste(
    sheet: Image.Image, image: Image.Image, corner: tuple[int, int], cell: tuple[int, int]
) -> None:
    """Paste an image with a frame, as a white region on black or a background on paper needs."""
    sheet.paste(image.convert("RGB").resize(cell, Image.Resampling.LANCZOS), corner)
    far = (corner[0] + cell[0], corner[1] + cell[1])
    ImageDraw.Draw(sheet).rectangle((*corner, *far), outline=FRAME)


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    color: str,
    anchor: str = "mm",
) -> None:
    pen.text(place, text, fill=color, font=ImageFont.load_default(size), anchor=anchor)
