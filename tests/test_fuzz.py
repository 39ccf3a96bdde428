"""Broken and foreign input of every reader: only our own errors come out, soon, in little memory.

A reader is a row of READERS; its inputs are made from seeds, so that a failure can be repeated.
"""

from __future__ import annotations

import io
import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facemogle.masks.label_map import MaskError, check_label_map, colorize, index_png
from facemogle.masks.reading import read_mask

LONGEST = 10.0
"""Seconds for one input."""

MOST = 2**30
"""Bytes that the process may grow by, at its peak."""


@dataclass(frozen=True)
class Reader:
    """What is read by what.

    read: raises only `errors`. inputs: makes them from a seeded generator.
    """

    read: Callable[[Any], Any]
    errors: tuple[type[Exception], ...]
    inputs: Callable[[random.Random], Iterator[Any]]


# Files of images


def face() -> np.ndarray:
    """uint8 (48, 40): a face of a few regions."""
    labels = np.zeros((48, 40), np.uint8)
    labels[2:30, 6:34] = 13
    labels[8:40, 10:30] = 1
    labels[18:21, 13:18], labels[18:21, 22:27] = 5, 4
    labels[40:, 14:26] = 17
    return labels


def image_files() -> list[bytes]:
    """Small images in every format that Pillow may open for us, in several modes."""
    labels = face()
    indexed = Image.open(io.BytesIO(index_png(labels)))
    color, grey = Image.fromarray(colorize(labels)), Image.fromarray(labels)
    part = Image.fromarray(labels == 13)
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (indexed, "PNG", {}),
        (color, "PNG", {}),
        (part, "PNG", {}),
        (Image.fromarray(labels.astype(np.uint16)), "PNG", {}),
        (color.convert("RGBA"), "PNG", {"save_all": True, "append_images": [color]}),
        (grey, "JPEG", {"quality": 95}),
        (color, "JPEG", {"progressive": True}),
        (color.convert("CMYK"), "JPEG", {}),
        (indexed, "BMP", {}),
        (color, "BMP", {}),
        (color, "WEBP", {"lossless": True}),
        (color, "WEBP", {"save_all": True, "append_images": [color.rotate(90)]}),
        (indexed, "GIF", {"save_all": True, "append_images": [color.rotate(90)]}),
        (grey, "TIFF", {}),
        (color, "TIFF", {"compression": "tiff_lzw"}),
        (part, "TIFF", {"compression": "group4"}),
    ]
    files = []
    for image, form, options in kinds:
        stream = io.BytesIO()
        image.save(stream, form, **options)
        files.append(stream.getvalue())
    return files


def broken(content: bytes, draw: random.Random) -> bytes:
    """A file cut, with bytes changed, repeated or left out, or with a giant number in its head."""
    data = bytearray(content)
    kind = draw.randrange(5)
    if kind == 0:
        del data[draw.randrange(1, len(data)) :]
    if kind in (0, 1):
        for _ in range(draw.randrange(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif kind == 2:
        start = draw.randrange(len(data))
        piece = bytes(data[start : start + draw.randrange(1, 64)])
        data[start:start] = piece * draw.randrange(1, 20)
    elif kind == 3:
        start = draw.randrange(len(data))
        del data[start : start + draw.randrange(1, 64)]
    else:
        place = draw.randrange(min(64, len(data) - 4))
        number = draw.choice([0, 1, 0xFFFF, 65_535 << 16, 2**31 - 1, 2**32 - 1, 4097, 60_000])
        data[place : place + 4] = struct.pack(draw.choice("<>") + "I", number)
    return bytes(data)


def giant_png(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes whose header asks for gigabytes; its checksums hold."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [head, data, b"IEND"]
    lengths = [struct.pack(">I", len(chunk) - 4) for chunk in chunks]
    sums = [struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    parts = (one for three in zip(lengths, chunks, sums, strict=True) for one in three)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def broken_images(draw: random.Random, count: int) -> Iterator[bytes]:
    files = image_files()
    for number in range(count):
        yield broken(files[number % len(files)], draw)
    for side in (4096, 4097, 30_000, 2**31 - 1):
        yield giant_png(side, side)
        yield giant_png(side, 1)


# Values of any type


def odd_arrays(draw: random.Random, count: int) -> Iterator[np.ndarray]:
    kinds = "?bBhHiIlLqQefdFDOSUmM"
    for _ in range(count):
        shape = [draw.choice([0, 1, 2, 3, 4, 7, 19, 40]) for _ in range(draw.randrange(5))]
        noise = np.asarray(np.random.default_rng(draw.randrange(2**32)).integers(-300, 300, shape))
        high = draw.choice([2, 19, 300])
        try:
            array = np.mod(noise, high if draw.random() < 0.7 else 1000, out=noise)
            array = array.astype(draw.choice(kinds))
        except (TypeError, ValueError):
            continue
        if array.dtype.kind == "f" and draw.random() < 0.3:
            array = array / draw.choice([0.0, 255.0, 18.0, np.inf])
        yield np.asfortranarray(array) if draw.random() < 0.3 else array


def odd_values() -> Iterator[Any]:
    class Lying:
        """Says that it is an array."""

        def __array__(self, *_: object, **__: object) -> np.ndarray:
            raise RuntimeError("no")

    yield from (None, 0, -1.5, float("nan"), True, "", "\0", "x" * 5000, object(), int, len, ...)
    yield from (
        [],
        [[]],
        [[], [1]],
        [[1, 2], [3]],
        [None],
        [[None]],
        ["", None],
        {},
        {"hair": None},
    )
    yield from ({"nose": face() == 1, "what": 1}, {3: face()}, {"hair": [[1, 2, 3]]}, [b"", b""])
    yield from (
        range(3),
        iter([1]),
        memoryview(b"abc"),
        bytearray(),
        io.StringIO("x"),
        io.BytesIO(),
    )
    yield from (Lying(), np.float32(3), np.ma.masked, b"\0" * 1000, set(), slice(1), 10**400)
    yield from (Image.new(mode, (3, 2)) for mode in ("1", "L", "P", "F", "I", "LAB", "CMYK"))
    yield from (Image.new("RGB", (0, 0)), Image.new("L", (0, 5)), np.zeros((4097, 4097), bool))
    closed = io.BytesIO(b"")
    closed.close()
    yield closed


def masks(draw: random.Random) -> Iterator[Any]:
    yield from broken_images(draw, 1500)
    yield from odd_arrays(draw, 500)
    yield from odd_values()


READERS = {
    "mask": Reader(lambda mask: check_label_map(read_mask(mask).label_map), (MaskError,), masks),
    "resized mask": Reader(
        lambda mask: read_mask(mask, size=(16, 16), labels="bisenet", region="hair"),
        (MaskError,),
        lambda draw: odd_arrays(draw, 200),
    ),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses
def test_only_our_own_errors_come_out(name: str) -> None:
    reader, draw = READERS[name], random.Random(name)
    before = getrusage(RUSAGE_SELF).ru_maxrss * 1024
    for number, value in enumerate(reader.inputs(draw)):
        begun = time.monotonic()
        try:
            reader.read(value)
        except reader.errors as error:
            assert str(error)
        except Exception as error:
            pytest.fail(f"input {number}, {repr(value)[:200]}: {type(error).__name__}: {error}")
        assert time.monotonic() - begun < LONGEST, f"input {number}"
    assert getrusage(RUSAGE_SELF).ru_maxrss * 1024 - before < MOST
