"""A folder of masks with prompts, as people have it or as the authors' data sets have it."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from pathlib import Path

from facemogle.masks.files import SUFFIXES

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FolderMask:
    """A mask's file and its prompt; None = the folder has none for it."""

    path: Path
    prompt: str | None


@dataclass(frozen=True)
class MaskFolder:
    """What a folder holds.

    masks: in the order of their names, which differ.
    notes: what was found and assumed, in sentences for a person.
    """

    masks: tuple[FolderMask, ...]
    notes: tuple[str, ...]


def read_mask_folder(folder: Path) -> MaskFolder:
    """Look for masks and prompts.

    folder: has ``NAME.png`` and perhaps ``NAME.txt``; or ``mask/NAME.png``, ``text/NAME.txt`` with
        a caption a line, and ``text.json`` with lists of captions by name, as the authors' data
        sets. Of several captions, the first that is not empty is the prompt.
    Raises ValueError if there is no mask, two have one name, or a text cannot be read.
    """
    inner = folder / "mask"
    masks = _masks(inner if inner.is_dir() else folder)
    texts = {path.stem: path for path in _files(folder / "text", (".txt",))}
    texts |= {path.stem: path for path in _files(masks[0].parent, (".txt",))}
    listed = _listed(folder / "text.json")
    found, several = [], 0
    for path in masks:
        lines = _lines(texts[path.stem]) if path.stem in texts else []
        lines = lines or listed.get(path.stem, [])
        several += len(lines) > 1
        found.append(FolderMask(path, lines[0] if lines else None))
    return MaskFolder(tuple(found), tuple(_notes(found, several)))


def _masks(folder: Path) -> list[Path]:
    masks = _files(folder, SUFFIXES)
    if not masks:
        others = sorted({path.suffix for path in folder.glob("*") if path.is_file()})
        seen = f"; it has files *{', *'.join(others)}" if others else ""
        raise ValueError(f"{folder} has no *.png{seen}. Name a folder of masks.")
    names: dict[str, Path] = {}
    for mask in masks:
        if mask.stem in names:
            raise ValueError(
                f"{names[mask.stem].name} and {mask.name} in {folder} would give two images one "
                "name. Rename or remove one."
            )
        names[mask.stem] = mask
    return masks


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files by suffix in any case, sorted; none if there is no such folder."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in suffixes)


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def _listed(path: Path) -> dict[str, list[str]]:
    """Captions by mask's name, from ``text.json``; none if there is no such file."""
    if not path.is_file():
        return {}
    text = _text(path)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}). Correct or remove it.") from error
    if not isinstance(content, dict):
        raise ValueError(
            f'{path} is not an object such as {{"0": ["A man."]}}. Correct or remove it.'
        )
    listed = {}
    for name, captions in content.items():
        texts = captions if isinstance(captions, list) else [captions]
        stem = Path(name).stem if Path(name).suffix else name
        listed[stem] = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return listed


def _text(path: Path) -> str:
    """A text file in UTF-8, with or without a byte order mark, or in UTF-16 with one."""
    content = path.read_bytes()
    try:
        return content.decode("utf-16" if content.startswith(_WIDE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not in UTF-8: byte {content[error.start]:#04x} at {error.start}. Save it "
            f"as UTF-8, perhaps by: iconv -f WINDOWS-1252 -t UTF-8 {path.name}"
        ) from error


def _notes(found: list[FolderMask], several: int) -> list[str]:
    prompts = sum(mask.prompt is not None for mask in found)
    notes = [f"Found {_count(len(found), 'mask')} and {_count(prompts, 'prompt')}."]
    if prompts < len(found):
        missing = next(mask.path.stem for mask in found if mask.prompt is None)
        notes.append(
            f"Warning: {_count(len(found) - prompts, 'mask')} without a prompt of its own, such as "
            f"{missing}, take --prompt. Prompts are looked for in {missing}.txt beside the mask, "
            f"text/{missing}.txt and text.json."
        )
    if several:
        notes.append(f"Several captions for {_count(several, 'mask')}: the first is the prompt.")
    return notes


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
