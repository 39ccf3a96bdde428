"""Broken and foreign input, made from seeded generators, so that a failure can be repeated."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from facemogle.masks.label_map import colorize, index_png


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
    turned = Image.Exif()
    turned[0x0112] = 6
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (indexed, "PNG", {}),
        (color, "PNG", {}),
        (part, "PNG", {}),
        (Image.fromarray(labels.astype(np.uint16)), "PNG", {}),
        (color.convert("RGBA"), "PNG", {"save_all": True, "append_images": [color]}),
        (grey, "JPEG", {"quality": 95}),
        (color, "JPEG", {"progressive": True, "exif": turned}),
        (color.convert("CMYK"), "JPEG", {}),
        (color, "MPO", {"save_all": True, "append_images": [color]}),
        (indexed, "BMP", {}),
        (color, "BMP", {}),
        (color, "WEBP", {"lossless": True}),
        (color, "WEBP", {"save_all": True, "append_images": [color.rotate(90)]}),
        (color, "AVIF", {"exif": turned}),
        (indexed, "GIF", {"save_all": True, "append_images": [color.rotate(90)]}),
        (grey, "TIFF", {"exif": turned}),
        (color, "TIFF", {"compression": "tiff_lzw"}),
        (part, "TIFF", {"compression": "group4"}),
        (Image.fromarray(labels.astype(np.float32)), "TIFF", {}),
    ]
    return [saved(image, form, **options) for image, form, options in kinds]


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


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
    """``count`` broken images, and some that claim to be giants."""
    files = image_files()
    for number in range(count):
        yield broken(files[number % len(files)], draw)
    for side in (4096, 4097, 30_000, 2**31 - 1):
        yield giant_png(side, side)
        yield giant_png(side, 1)


def odd_arrays(draw: random.Random, count: int) -> Iterator[np.ndarray]:
    """Arrays of up to four axes, of any type and size."""
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
    """What a program may hand over in place of a mask."""

    class Lying:
        """Says that it is an array."""

        def __array__(self, *_: object, **__: object) -> np.ndarray:
            raise RuntimeError("no")

    yield from (None, 0, -1.5, float("nan"), True, "", "\0", "x" * 5000, object(), int, len, ...)
    yield from ([], [[]], [[], [1]], [[1, 2], [3]], [None], [[None]], ["", None], {})
    yield from ({"hair": None}, {"nose": face() == 1, "what": 1}, {3: face()}, {"hair": [[1, 2]]})
    yield from ([b"", b""], range(3), iter([1]), memoryview(b"abc"), bytearray())
    yield from (io.StringIO("x"), io.BytesIO())
    yield from (Lying(), np.float32(3), np.ma.masked, b"\0" * 1000, set(), slice(1), 10**400)
    yield from (Image.new(mode, (3, 2)) for mode in ("1", "L", "P", "F", "I", "LAB", "CMYK"))
    yield from (Image.new("RGB", (0, 0)), Image.new("L", (0, 5)), np.zeros((4097, 4097), bool))
    closed = io.BytesIO(b"")
    closed.close()
    yield closed


ODD = (
    None, True, 0, -1, 1.5, 2**63, 10**400, float("nan"), float("inf"), "", "0", "a b", "\0\ud800",
    "9" * 5000, [], [[]], [None], {}, {"a": []}, "data:image/png;base64,A",
    [0] * 19, [1e308] * 20, "AAAA", "====", "eJwDAAAAAAE=",
)  # fmt: skip
"""Values that JSON may hold where another was expected."""


def spoiled(value: Any, draw: random.Random) -> Any:
    """A copy of what JSON holds, with one value in it changed, missing, doubled or another's."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(sorted(value))
        if draw.random() < 0.15:
            return {name: kept for name, kept in value.items() if name != key}
        return {**value, key: spoiled(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place, kind = draw.randrange(len(value)), draw.randrange(4)
        if kind == 0:
            return value[:place] + value[place + 1 :]
        if kind == 1:
            return [*value, *value[place:]]
        return [*value[:place], spoiled(value[place], draw), *value[place + 1 :]]
    if isinstance(value, str) and len(value) > 8 and draw.random() < 0.6:
        return broken(value.encode(), draw).decode("latin-1")
    return draw.choice(ODD)


def odd_texts(draw: random.Random, words: list[str], count: int) -> Iterator[str]:
    """Texts of known words and of what stands in no dictionary."""
    odd = ("\ufeff", "👩‍🦰", "\u202e", "한국", "\ud800", "ﬁ", "\uff21", "é", "e\u0301", "  ")
    pieces = [*words, *"()[]:,.=\\'\"<>{}-_;\n\t\0", *odd, "1e999", "-1", "nan", "((((", ":1.4)"]
    for _ in range(count):
        yield "".join(
            draw.choice(pieces) + draw.choice(["", " "]) for _ in range(draw.choice([1, 4, 20, 90]))
        )
    yield from ("", "(" * 10_000, "a" * 10_000, ("(red hair:1.4), " * 700)[:10_000], "\ud800" * 999)


def broken_archives(draw: random.Random, content: bytes, count: int) -> Iterator[bytes]:
    """Broken copies of a NumPy archive, then whole ones with other arrays in them."""
    for _ in range(count):
        yield broken(content, draw)
    with np.load(io.BytesIO(content)) as arrays:
        good = dict(arrays)
    for array in odd_arrays(draw, count):
        archive = io.BytesIO()
        names = [name for name in good if draw.random() < 0.95]
        changed = draw.choice(sorted(good))
        chosen: dict[str, Any] = {name: good[name] for name in names if name != changed}
        chosen[changed] = array
        np.savez(archive, **chosen)
        yield archive.getvalue()
    yield from (bomb_archive(shape, good) for shape in ((2**40,), (10**6, 10**6, 20), (-1,), ()))
    huge = zipped({f"{name}.npy": b"" for name in good})
    yield huge.replace(struct.pack("<II", 2, 0), struct.pack("<II", 2, 2**31))  # sizes


def bomb_archive(shape: tuple[int, ...], good: dict[str, np.ndarray]) -> bytes:
    """An archive of a few hundred bytes whose gate weights claim a shape of terabytes."""
    members = {}
    for name, array in good.items():
        stream = io.BytesIO()
        np.lib.format.write_array(stream, array)
        members[f"{name}.npy"] = stream.getvalue()
    head = io.BytesIO()
    facts = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, facts)
    return zipped(members | {"gate_weights.npy": head.getvalue() + bytes(100)})


def zipped(members: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return archive.getvalue()


def as_text(change: Callable[[Any, random.Random], Any], value: Any, draw: random.Random) -> str:
    """What JSON holds, changed, as JSON."""
    return json.dumps(change(value, draw))
