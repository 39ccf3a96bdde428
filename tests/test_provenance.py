"""An image that leaves the program says that it was generated, and can be opened again."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facemogle.masks.label_map import index_png
from facemogle.runs.provenance import VERSION, read_signed, signed_png

STRENGTHS = [1.0] * 13 + [0.5] + [1.0] * 6
FACTS = {
    "prompt": 'a "man" <b> & é ü',
    "seed": 2**53 + 1,
    "steps": 8,
    "muted": (13,),
    "expert_strengths": STRENGTHS,
    "model": "mini",
}


@pytest.fixture
def image() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    return Image.fromarray(pixels)


def test_mask_and_settings_come_back_and_pixels_are_untouched(image, label_map) -> None:
    """A seed that went through a float, or a mask through JPEG, would give another face."""
    content = signed_png(image, label_map, FACTS)
    signed = read_signed(content)
    assert signed is not None
    assert np.array_equal(signed[0], label_map)
    assert signed[1] == {
        "prompt": FACTS["prompt"],
        "seed": str(2**53 + 1),
        "steps": "8",
        "muted": [13],
        "expert_strengths": STRENGTHS,
    }
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), np.asarray(image))


def test_other_programs_can_read_the_mark(image, label_map) -> None:
    xmp = Image.open(io.BytesIO(signed_png(image, label_map, FACTS))).info["xmp"]
    assert b"Iptc4xmpExt:DigitalSourceType" in xmp
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in xmp


def test_other_files_are_left_to_the_mask_reader(image, label_map) -> None:
    """A broken chunk must not keep a usable mask from being opened."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    whole = signed_png(image, label_map, FACTS)
    for content in (b"", b"no image", index_png(label_map), stream.getvalue(), whole[:60]):
        assert read_signed(content) is None
    for change in ({"seed": None, "muted": [99]}, {"expert_strengths": [1]}, {"muted": 3}):
        assert read_signed(signed_png(image, label_map, {**FACTS, **change})) is None
    assert read_signed(signed_png(image, label_map, {"prompt": ""})) is None  # no seed


def test_images_from_before_experts_could_be_muted_open(image, label_map) -> None:
    facts = {name: FACTS[name] for name in ("prompt", "seed", "steps")}
    signed = read_signed(signed_png(image, label_map, facts))
    assert signed is not None
    assert signed[1]["muted"] == []
    assert signed[1]["expert_strengths"] == [1.0] * 20


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION
