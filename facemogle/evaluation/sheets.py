"""Sheets of images to look at: a number alone convinces nobody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facemogle.attributes.vocabulary import ATTRIBUTES
from facemogle.evaluation.faces import HeldOut
from facemogle.masks.label_map import colorize

CELL, GAP, LINE = 160, 6, 13
TRIPLES_A_ROW = 3
PAPER, INK, WRONG = "#ffffff", "#18181b", "#b91c1c"


def face_sheet(
    held: HeldOut, numbers: Sequence[int], images: Sequence[np.ndarray], made: np.ndarray
) -> Image.Image:
    """Mask, generated image and render of some faces, below them what their captions tell.

    numbers: of the faces. images: generated for them, uint8 (H, W, 3). made: the classifier's
    readings of these, int64 (n, A); an attribute that it reads as another is named with it, in red.
    """
    lines = len(ATTRIBUTES) // 2 + 1 if held.rows else 0
    pitch = (3 * CELL + 2 * GAP, CELL + lines * LINE + GAP)
    rows = -(-len(numbers) // TRIPLES_A_ROW)
    columns = min(TRIPLES_A_ROW, len(numbers))
    sheet = Image.new("RGB", (columns * pitch[0], rows * pitch[1]), PAPER)
    truth = held.classes() if held.rows else None
    told = held.told() if held.rows else None
    for place, (n, image) in enumerate(zip(numbers, images, strict=True)):
        x, y = pitch[0] * (place % TRIPLES_A_ROW), pitch[1] * (place // TRIPLES_A_ROW)
        face = held.faces[n]
        for turn, part in enumerate((colorize(face.label_map), image, face.image)):
            cell = Image.fromarray(part).resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(cell, (x + turn * CELL, y))
        if truth is not None and told is not None:
            _write_attributes(sheet, (x, y + CELL + 2), truth[n], told[n], made[place])
    return sheet


def prompt_sheet(
    prompts: Sequence[str], rows: Sequence[tuple[np.ndarray, Sequence[np.ndarray]]]
) -> Image.Image:
    """A row per mask: the mask, then its image for each prompt.

    rows: label map uint8 (H, W) and images uint8 (H, W, 3), one for each prompt.
    """
    head = 6 * LINE
    size = ((len(prompts) + 1) * (CELL + GAP), head + len(rows) * (CELL + GAP))
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for column, prompt in enumerate(prompts, start=1):
        text = prompt.replace(" with ", ",with ").replace(", ", ",").replace(",", "\n")
        pen.text((column * (CELL + GAP), 2), text, INK, ImageFont.load_default(11))
    for row, (label_map, images) in enumerate(rows):
        for column, part in enumerate((colorize(label_map), *images)):
            cell = Image.fromarray(part).resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(cell, (column * (CELL + GAP), head + row * (CELL + GAP)))
    return sheet


def _write_attributes(
    sheet: Image.Image,
    corner: tuple[int, int],
    truth: np.ndarray,
    told: np.ndarray,
    made: np.ndarray,
) -> None:
    """Two columns of what a caption tells."""
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    counted = [i for i in range(len(ATTRIBUTES)) if told[i] and truth[i] >= 0]
    for place, index in enumerate(counted):
        values = ATTRIBUTES[index].values
        text, color = f"{ATTRIBUTES[index].name}: {values[truth[index]]}", INK
        if made[index] != truth[index]:
            text, color = f"{text}, read {values[made[index]]}", WRONG
        x = corner[0] + (place % 2) * 3 * CELL // 2
        pen.text((x, corner[1] + place // 2 * LINE), text, color, font)
