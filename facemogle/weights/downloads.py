"""What is on the hub and not on this machine, fetched: each failure in a line, with its remedy."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from httpx2 import HTTPError  # huggingface_hub's own; it lets it out when a connection breaks off
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from facemogle.weights.errors import CheckpointError

_DISK = {
    errno.ENOSPC: "The disk is full. Make room",
    errno.EDQUOT: "Your share of the disk is used up. Make room",
    errno.EACCES: "It may not be written to. Change its rights",
    errno.EROFS: "It can only be read. Make it writable",
}


def download(repository: str, *, instead: str, **options: Any) -> Path:
    """The folder of a repository's files. What has arrived before a failure is gone on from.

    instead: what else can be done, for the message. options: of `snapshot_download`.
    Raises CheckpointError, GatedRepoError or RepositoryNotFoundError.
    """
    try:
        return Path(snapshot_download(repository, **options))
    except (GatedRepoError, RepositoryNotFoundError):
        raise
    except (HfHubHTTPError, LocalEntryNotFoundError, HTTPError) as error:
        reason = (
            "HF_HUB_OFFLINE is set, which forbids downloads: unset it"
            if constants.HF_HUB_OFFLINE
            else "Check the network connection, or try again later if the hub is down"
        )
        raise _failed(repository, f"{reason}, or {instead}.") from error
    except OSError as error:
        place = options.get("local_dir") or constants.HF_HUB_CACHE
        remedy = _DISK.get(error.errno or 0, f"{error.strerror or error}. Mend that")
        raise _failed(repository, f"It goes to {place}. {remedy}, or {instead}.") from error


def _failed(repository: str, remedy: str) -> CheckpointError:
    return CheckpointError(
        f"{repository} could not be downloaded from huggingface.co, and is not on this machine "
        f"yet. {remedy}"
    )
