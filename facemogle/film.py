"""The steps of a run as an animation: each picture beside a map of the gate's weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Lengths in pixels.
CAPTION_HEIGHT = 24
TEXT_SIZE = 13
MIN_SIDE = 256

STEP_MILLISECONDS = 400
LAST_MILLISECONDS = 1600

_PAPER, _INK = "#ffffff", "#18181b"


@dataclass(frozen=True)
class Frame:
    """A step. picture: as it was. colors: the map, uint8 RGB (rows, columns, 3)."""

    picture: Image.Image
    colors: np.ndarray
    title: str
    map_title: str


def write_film(frames: Iterable[Frame]) -> bytes:
    """Write an endless GIF, which rests on its last frame."""
    drawn = [_draw(frame) for frame in frames]
    durations = [STEP_MILLISECONDS] * (len(drawn) - 1) + [LAST_MILLISECONDS]
    content = BytesIO()
    drawn[0].save(
        content, "GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0
    )
    return content.getvalue()


def _draw(frame: Frame) -> Image.Image:
    picture = frame.picture.convert("RGB")
    side = max(MIN_SIDE, picture.width)
    height = round(side * picture.height / picture.width)
    image = Image.new("RGB", (2 * side, CAPTION_HEIGHT + height), _PAPER)
    squares = Image.fromarray(frame.colors).resize((side, height), Image.Resampling.NEAREST)
    image.paste(picture.resize((side, height), Image.Resampling.LANCZOS), (0, CAPTION_HEIGHT))
    image.paste(squares, (side, CAPTION_HEIGHT))
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(TEXT_SIZE)
    for x, text in ((8, frame.title), (side + 8, frame.map_title)):
        pen.text((x, CAPTION_HEIGHT // 2), text, fill=_INK, font=font, anchor="lm")
    return image
