"""docs/pipeline.md names all that FluxPipeline has, and what it says is there is there."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path

import pytest
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.pipelines.pipeline_utils import DiffusionPipeline

from facemogle.pipeline import FaceMoGLEPipeline

PAGE = Path(__file__).resolve().parent.parent / "docs" / "pipeline.md"
VERDICTS = {"same", "differs", "not there"}


def arguments(pipeline: type, method: str) -> set[str]:
    return set(signature(getattr(pipeline, method)).parameters) - {"self"}


def members(pipeline: type) -> set[str]:
    return {name for name in dir(pipeline) if not name.startswith("_")}


def table(title: str) -> dict[str, str]:
    """The verdict on each name in the section of this title."""
    section = PAGE.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("title", "theirs", "ours"),
    [
        (
            "Arguments of a call",
            arguments(FluxPipeline, "__call__"),
            arguments(FaceMoGLEPipeline, "__call__"),
        ),
        (
            "Components",
            arguments(FluxPipeline, "__init__"),
            arguments(FaceMoGLEPipeline, "__init__"),
        ),
        (
            "Methods and properties",
            members(FluxPipeline) - members(DiffusionPipeline),
            members(FaceMoGLEPipeline),
        ),
    ],
)
def test_the_page_compares_all_of_flux_pipeline(
    title: str, theirs: set[str], ours: set[str]
) -> None:
    """A newer diffusers may add arguments, and a page is believed."""
    verdicts = table(title)
    assert verdicts.keys() == theirs
    assert set(verdicts.values()) <= VERDICTS
    assert {name for name, verdict in verdicts.items() if verdict != "not there"} == theirs & ours


@pytest.mark.parametrize(
    ("title", "ours", "theirs"),
    [
        (
            "Arguments of a call",
            arguments(FaceMoGLEPipeline, "__call__"),
            arguments(FluxPipeline, "__call__"),
        ),
        ("Methods and properties", members(FaceMoGLEPipeline), members(FluxPipeline)),
    ],
)
def test_the_page_names_what_is_only_here(title: str, ours: set[str], theirs: set[str]) -> None:
    section = PAGE.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section.split("Only here:")[1]))
    private = {"mask_encoder", "preview_vae", "image_processor"}
    assert ours - theirs - private <= named
