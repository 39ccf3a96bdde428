"""The face parsers by name, and the one of them that is downloaded."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils import tqdm

from facemogle.weights.errors import CheckpointError
from facemogle.weights.offline import no_download_remedy

PARSERS = ("embedded", "hub")
HUB_REPOSITORY = "jonathandinu/face-parsing"
HUB_REVISION = "13e2694f59bd148d637320c3f6ce37c4b9b6db03"
HUB_BYTES = 339 * 10**6
HUB_FILES = ["config.json", "preprocessor_config.json", "model.safetensors"]


def download_parser(bar: type[tqdm] | None = None) -> Path:
    """The folder of the hub's parser, downloaded if it is not there.

    bar: shows the progress; what its ``update`` raises stops the download.
    Raises CheckpointError.
    """
    try:
        return Path(
            snapshot_download(
                HUB_REPOSITORY,
                revision=HUB_REVISION,
                allow_patterns=HUB_FILES,
                tqdm_class=bar,
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise CheckpointError(
            f"The parser for photographs, {HUB_REPOSITORY} (339 MB), could not be downloaded from "
            f"huggingface.co and is not on this machine yet. {no_download_remedy()}, or take the "
            "embedded parser."
        ) from error
