"""Files that a command will write: looked at before the work, which may take minutes."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NEEDED = 32 * 2**20
"""Bytes that must be free: an image of 2048x2048, its sheet, its gate's weights."""

_REMEDIES = {
    errno.ENOSPC: "The disk is full. Make room, or name a place on another disk.",
    errno.EDQUOT: "Your share of the disk is used up. Make room, or name another place.",
    errno.EACCES: "You may not write there. Name another place.",
    errno.EPERM: "You may not write there. Name another place.",
    errno.EROFS: "What lies there can only be read. Name another place.",
    errno.EISDIR: "That is a folder. Name a file.",
}


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path] = ()) -> None:
    """Make sure that these files can be written, and leave them as they are.

    inputs: files that may not be overwritten.
    Raises ValueError or OSError with the file and the remedy.
    """
    for number, output in enumerate(outputs):
        if any(output.resolve() == other.resolve() for other in inputs):
            raise ValueError(f"{output} would overwrite what is read. Name another file with -o.")
        if any(output.resolve() == other.resolve() for other in outputs[:number]):
            raise ValueError(f"{output} would be written twice. Name two different files.")
        check_folder(output.parent)
        if output.exists():
            with writing(output), output.open("r+b"):
                pass


def prepare_folder(folder: Path) -> None:
    """Make a folder if it is not there, and make sure that files can be written into it.

    Raises as `check_folder` does.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Make sure that files can be written into a folder that is there.

    Raises OSError with the folder and the remedy.
    """
    with writing(folder):
        if shutil.disk_usage(folder).free < NEEDED:
            raise OSError(errno.ENOSPC, "too little room")
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What fails inside to write this file is told with its name and the remedy, as OSError."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}.")
        raise OSError(f"{path} cannot be written. {remedy}") from error
