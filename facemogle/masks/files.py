"""Folders of label maps."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Of files that masks may be in, in lower case."""


def label_map_files(folder: Path) -> list[Path]:
    """All label maps of a folder and of those below it, sorted. Raises ValueError if none."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(
            f"{folder} holds no label maps. Name a folder with files like 00001.png, indices or "
            "palette colours of the 19 regions."
        )
    return files
