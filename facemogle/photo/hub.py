"""The face parsers by name, and the one of them that is downloaded."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.utils import tqdm

from facemogle.weights.downloads import download

PARSERS = ("embedded", "hub")
HUB_REPOSITORY = "jonathandinu/face-parsing"
HUB_REVISION = "13e2694f59bd148d637320c3f6ce37c4b9b6db03"
HUB_BYTES = 339 * 10**6
HUB_FILES = ["config.json", "preprocessor_config.json", "model.safetensors"]


def has_parser() -> bool:
    """Whether the hub's parser is on this machine."""
    found = [
        try_to_load_from_cache(HUB_REPOSITORY, name, revision=HUB_REVISION) for name in HUB_FILES
    ]
    return all(isinstance(path, str) for path in found)


def download_parser(bar: type[tqdm] | None = None) -> Path:
    """The folder of the hub's parser, downloaded if it is not there.

    bar: shows the progress; what its ``update`` raises stops the download.
    Raises CheckpointError.
    """
    return download(
        HUB_REPOSITORY,
        instead="take the embedded parser",
        revision=HUB_REVISION,
        allow_patterns=HUB_FILES,
        tqdm_class=bar,
    )
