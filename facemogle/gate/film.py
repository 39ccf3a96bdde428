"""The steps of a run as an animation: each image beside a map of the gate's weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Lengths in pixels.
CAPTION_HEIGHT = 24
TEXT_SIZE = 13
MIN_SIDE = 256

STEP_MILLISECONDS = 400
LAST_MILLISECONDS = 1600
FRAME_MILLISECONDS = 100
"""Of an MP4, whose frames all last the same: players handle that best."""

FilmFormat = Literal["gif", "mp4"]

_PAPER, _INK = "#ffffff", "#18181b"


@dataclass(frozen=True)
class Frame:
    """A step. image: as it was. colors: the map, uint8 RGB (rows, columns, 3)."""

    image: Image.Image
    colors: np.ndarray
    title: str
    map_title: str


def write_film(frames: Iterable[Frame], format: FilmFormat = "gif") -> bytes:
    """Write an endless GIF, or an MP4 (H.264), that rests on its last frame.

    Raises ValueError if an MP4 is asked for and PyAV is not installed.
    """
    drawn = [_draw(frame) for frame in frames]
    durations = [STEP_MILLISECONDS] * (len(drawn) - 1) + [LAST_MILLISECONDS]
    return {"gif": _gif, "mp4": _mp4}[format](drawn, durations)


def _gif(images: list[Image.Image], durations: list[int]) -> bytes:
    content = BytesIO()
    images[0].save(
        content, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0
    )
    return content.getvalue()


def _mp4(images: list[Image.Image], durations: list[int]) -> bytes:
    # Imported here as only this needs it, and its wheel has libraries under the GPL, which not
    # everyone may pass on.
    try:
        import av
        from av.video.reformatter import ColorRange, Colorspace
    except ImportError as error:
        raise ValueError(
            "An MP4 needs PyAV, which is not installed. Install what requirements.txt lists, or "
            "save a GIF."
        ) from error

    content = BytesIO()
    with av.open(content, "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=Fraction(1000, FRAME_MILLISECONDS))
        stream.width, stream.height = images[0].size
        stream.pix_fmt = "yuv420p"  # the one that every browser plays
        stream.options = {"crf": "18", "tune": "stillimage"}
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        for image, duration in zip(images, durations, strict=True):
            frame = av.VideoFrame.from_image(image)
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            for _ in range(duration // FRAME_MILLISECONDS):
                frame.pts = None  # the encoder counts
                file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return content.getvalue()


def _draw(frame: Frame) -> Image.Image:
    image = frame.image.convert("RGB")
    side = max(MIN_SIDE, image.width)
    height = 2 * round(side * image.height / image.width / 2)  # H.264 has no odd ones
    canvas = Image.new("RGB", (2 * side, CAPTION_HEIGHT + height), _PAPER)
    squares = Image.fromarray(frame.colors).resize((side, height), Image.Resampling.NEAREST)
    canvas.paste(image.resize((side, height), Image.Resampling.LANCZOS), (0, CAPTION_HEIGHT))
    canvas.paste(squares, (side, CAPTION_HEIGHT))
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(TEXT_SIZE)
    for x, text in ((8, frame.title), (side + 8, frame.map_title)):
        pen.text((x, CAPTION_HEIGHT // 2), text, fill=_INK, font=font, anchor="lm")
    return canvas
