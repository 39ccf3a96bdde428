"""Images as text, as a browser has them: ``data:image/png;base64,...``."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from io import BytesIO

from PIL import Image

MAX_SIDE = 2048
"""Pixels of an image's longer side: a small file must not be unpacked to gigabytes."""

_HEAD = re.compile(r"data:image/(?:png|jpeg);base64,")


def data_url(kind: str, content: bytes | memoryview) -> str:
    """kind: "png" or "jpeg". content: a file of it."""
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def read_data_url(url: str) -> Image.Image:
    """Open and decode a PNG or JPEG. Raises ValueError for anything else, or over `MAX_SIDE`."""
    head = _HEAD.match(url)
    if not head:
        raise ValueError("an image is not a PNG or JPEG data URL")
    try:
        image = Image.open(BytesIO(b64decode(url[head.end() :])), formats=["PNG", "JPEG"])
        if max(image.size) > MAX_SIDE:
            raise ValueError(f"it has {image.width}x{image.height} pixels")
        image.load()
    except Exception as error:  # on broken files, Pillow raises whatever its decoders meet
        raise ValueError(f"an image cannot be read: {error}") from error
    return image
