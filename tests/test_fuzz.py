"""Broken and foreign input of every reader: only our own errors come out, soon, in little memory.

Projects, which the browser reads, are in ``js/fuzz.test.js``.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import compress

import numpy as np
import pytest
from broken_files import (
    ODD,
    broken,
    broken_archives,
    broken_images,
    face,
    image_files,
    odd_arrays,
    odd_texts,
    odd_values,
    saved,
    spoiled,
)
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from transformers import AutoTokenizer

from facemogle.commands.mask_folder import read_mask_folder
from facemogle.gate.trace import Trace
from facemogle.masks.label_map import MaskError, check_label_map, index_png
from facemogle.masks.reading import read_mask
from facemogle.photo.opening import PhotoError, open_photo
from facemogle.prompts.notes import prompt_notes
from facemogle.prompts.reading import read_prompt
from facemogle.runs.experts import Experts, read_muted, read_strengths
from facemogle.runs.provenance import read_signed, signed_png
from facemogle.ui.asked import read_share, whole_number
from facemogle.ui.data_url import data_url, read_data_url
from facemogle.ui.exports import export_gate
from facemogle.ui.layers import LAYER_ORDER
from facemogle.ui.mask_exports import export_mask
from facemogle.ui.photos import Photos
from facemogle.ui.prompts import Prompts

LONGEST = 10.0
"""Seconds of a processor for one input."""

MOST = 2**30
"""Bytes that the process may grow by, at its peak."""

TOKENIZER = Path(__file__).parents[1] / "checkpoints/mini/tokenizer_2"
WORDS = ["red hair", "a woman", "glasses", "curly", "young", "8k", "masterpiece", "with", "no"]


@dataclass(frozen=True)
class Reader:
    """What is read by what.

    read: raises only `errors`. inputs: makes them from a seeded generator.
    """

    read: Callable[[Any], Any]
    errors: tuple[type[Exception], ...]
    inputs: Callable[[random.Random], Iterator[Any]]


# Masks


def masks(draw: random.Random) -> Iterator[Any]:
    yield from broken_images(draw, 900)
    yield from odd_arrays(draw, 400)
    yield from odd_values()


# Photographs, and what comes back from the page to be put into them

PHOTOS = Photos(64, lambda image, _: np.zeros(image.size[::-1], np.uint8))


def pairs(draw: random.Random) -> Iterator[tuple[bytes, bytes]]:
    files = image_files()
    for content in broken_images(draw, 80):
        two = [content, draw.choice(files)]
        draw.shuffle(two)
        yield two[0], two[1]


def saves(draw: random.Random) -> Iterator[tuple[bytes, bytes, bytes, str]]:
    """Photograph, crop, edited crop, place."""
    photo, crop, edited = (
        saved(Image.new("RGB", size, color), "PNG")
        for size, color in (((80, 60), "tan"), ((32, 32), "tan"), ((32, 32), "red"))
    )
    place = [1.2, 0.1, 8.0, -0.1, 1.2, 6.0, 32]
    numbers = (0, -1, 1e-9, 1e9, 1e308, -1e12, 2**63, float("nan"), None, "1", [], 7.5)
    for _ in range(250):
        files = [photo, crop, edited]
        moved = list(place)
        if draw.random() < 0.3:
            chosen = draw.randrange(3)
            files[chosen] = broken(files[chosen], draw)
        for _ in range(draw.randrange(3)):
            moved[draw.randrange(7)] = draw.choice(numbers)
        text = json.dumps(moved if draw.random() < 0.9 else spoiled(moved, draw))
        yield files[0], files[1], files[2], text


def save(sent: tuple[bytes, bytes, bytes, str]) -> None:
    *files, place = sent
    answered(PHOTOS.save_photo(form(*files, place=place)))


def form(*files: bytes, **data: str) -> SimpleNamespace:
    return SimpleNamespace(files=[("a.png", content) for content in files], data=data)


def answered(answer: dict[str, Any]) -> None:
    """What the browser's questions get instead of an exception."""
    if "error" in answer:
        raise ValueError(answer["error"])


# Saved images: their text again and again, in files that are whole

FACTS = {
    "prompt": "a woman", "seed": 3, "steps": 4, "kept": 0.5, "is_foreign": False, "muted": [13],
    "expert_strengths": [1.0] * 20, "model": "mini",
}  # fmt: skip


def signed_images(draw: random.Random) -> Iterator[bytes]:
    image = Image.new("RGB", (40, 48), "tan")
    good = b64encode(index_png(face())).decode()
    for _ in range(200):
        yield broken(signed_png(image, face(), FACTS), draw)
    for _ in range(200):
        yield signed(image, json.dumps(spoiled(FACTS | {"mask": good}, draw)))
    for _ in range(100):
        mask = b64encode(broken(index_png(face()), draw)).decode()
        yield signed(image, json.dumps(FACTS | {"mask": mask}))
    yield signed(image, "[" * 100_000)
    yield signed(image, "9" * 5000)


def signed(image: Image.Image, text: str) -> bytes:
    info = PngInfo()
    info.add_itxt("facemogle", text, zip=True)
    return saved(image, "PNG", pnginfo=info)


# Traces, and what the page sends of its drawing and of a run


@cache
def trace_file() -> bytes:
    weights = np.full((3, 12, 20), 0.05, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        Trace(np.linspace(1, 0.3, 3, dtype=np.float32), weights, (3, 4)).save(path)
        return path.read_bytes()


def load_trace(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        path.write_bytes(content)
        Trace.load(path).statistics()


def runs(draw: random.Random) -> Iterator[dict[str, Any]]:
    png = saved(Image.new("RGB", (16, 16), "tan"), "PNG")
    good = {
        "kind": "sheet", "grid": [1, 2], "times": [1.0, 0.5], "scale": "absolute", "expert": 3,
        "gate": [b64encode(np.full((2, 20), 3276, "<u2").tobytes()).decode()] * 2,
        "images": [data_url("png", png)] * 2, "labels": b64encode(bytes(64)).decode(),
    }  # fmt: skip
    for number in range(160):
        yield spoiled({**good, "kind": ("trace", "gif", "trace", "sheet")[number % 4]}, draw)


def drawings(draw: random.Random) -> Iterator[dict[str, Any]]:
    words = b64encode(compress(np.arange(32 * 32, dtype="<u4").tobytes())).decode()
    bomb = b64encode(compress(bytes(2**26))).decode()
    good = {"kind": "svg", "words": words, "order": list(LAYER_ORDER)}
    for kind in ("svg", "parts", "bisenet", "lapa", "farl", "celebamask"):
        for _ in range(40):
            yield spoiled({**good, "kind": kind}, draw)
    yield {**good, "words": bomb}


# Texts


@cache
def prompt_reader() -> Callable[[str], None]:
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    page = Prompts(lambda text: read_prompt(text, tokenizer, 48))

    def read(prompt: str) -> None:
        prompt_notes(read_prompt(prompt, tokenizer, 48))
        answered(page.read_words(prompt))

    return read


def experts(text: str) -> None:
    Experts(read_muted(text))
    read_strengths(text)


def folders(draw: random.Random) -> Iterator[tuple[bytes, bytes]]:
    """A mask's text, and text.json."""
    listed = {"0": ["a woman", "red hair"], "1.png": "a man"}
    text, book = "\ufeffa woman\r\n\nred hair é".encode(), json.dumps(listed).encode()
    for number in range(200):
        one, other = broken(text, draw), json.dumps(spoiled(listed, draw)).encode()
        yield one if number % 2 else text, broken(book, draw) if number % 4 == 1 else other
    yield b"\xff\xfe\x00", b"[" * 100_000


def read_folder(content: tuple[bytes, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0.png").write_bytes(b"")
        (folder / "1.png").write_bytes(b"")
        (folder / "0.txt").write_bytes(content[0])
        (folder / "text.json").write_bytes(content[1])
        read_mask_folder(folder)


def numbers(draw: random.Random) -> Iterator[Any]:
    yield from ODD
    yield from odd_texts(draw, ["1", "0.5", "1e5", "-0", "1_0", "٣"], 50)


def read_numbers(value: Any) -> None:
    for read in (read_share, lambda name, given: whole_number(name, given, 0, 9)):
        try:
            read("Seed", value)
        except ValueError as error:
            assert str(error)


READERS = {
    "mask": Reader(lambda mask: check_label_map(read_mask(mask).label_map), (MaskError,), masks),
    "resized mask": Reader(
        lambda mask: read_mask(mask, size=(16, 16), labels="bisenet", region="hair"),
        (MaskError,),
        lambda draw: odd_arrays(draw, 200),
    ),
    "photo": Reader(open_photo, (PhotoError,), lambda draw: broken_images(draw, 900)),
    "whole photo": Reader(
        lambda content: open_photo(content, is_whole=True),
        (PhotoError,),
        lambda draw: broken_images(draw, 400),
    ),
    "photo and mask": Reader(
        lambda two: answered(PHOTOS.read_pair(form(*two))), (ValueError,), pairs
    ),
    "edit of a photo": Reader(save, (ValueError,), saves),
    "saved image": Reader(read_signed, (), signed_images),
    "image of a page": Reader(
        lambda content: read_data_url(data_url("png", content)).convert("RGB"),
        (ValueError,),
        lambda draw: broken_images(draw, 100),
    ),
    "trace": Reader(
        load_trace, (ValueError,), lambda draw: broken_archives(draw, trace_file(), 250)
    ),
    "run of a page": Reader(lambda sent: answered(export_gate(sent)), (ValueError,), runs),
    "drawing of a page": Reader(lambda sent: answered(export_mask(sent)), (ValueError,), drawings),
    "prompt": Reader(
        lambda prompt: prompt_reader()(prompt), (), lambda draw: odd_texts(draw, WORDS, 300)
    ),
    "experts": Reader(
        experts,
        (ValueError,),
        lambda draw: odd_texts(draw, ["hair", "l_eye", "global=2", "hair=", "=", "nose=nan"], 200),
    ),
    "folder": Reader(read_folder, (ValueError,), folders),
    "number": Reader(read_numbers, (), numbers),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")  # Pillow and NumPy warn of what is then refused
def test_only_our_own_errors_come_out(name: str) -> None:
    reader, draw = READERS[name], random.Random(name)
    before = start_of_peak()
    for number, value in enumerate(reader.inputs(draw)):
        begun = time.process_time()
        try:
            reader.read(value)
        except reader.errors as error:
            assert str(error)
        except Exception as error:
            pytest.fail(f"input {number}, {repr(value)[:200]}: {type(error).__name__}: {error}")
        assert time.process_time() - begun < LONGEST, f"input {number}"
    assert peak() - before < MOST


def start_of_peak() -> int:
    """Bytes in use; `peak` forgets what was before: other tests may have used more."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])
