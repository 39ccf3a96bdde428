"""Folders of masks and prompts as people have them: nothing is overlooked in silence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facemogle.commands.mask_folder import read_mask_folder
from facemogle.masks.label_map import index_png

MASK = index_png(np.ones((8, 8), np.uint8))


def masks(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(MASK)
    return folder


def prompts(folder: Path) -> dict[str, str | None]:
    return {mask.path.name: mask.prompt for mask in read_mask_folder(folder).masks}


def test_the_authors_layout_is_read(tmp_path: Path) -> None:
    """It had one mask and no prompt before: of an upper-case suffix, and of mask/ and text/."""
    masks(tmp_path / "mask", "0.png", "1.PNG", "2.png", "3.png")
    text = tmp_path / "text"
    text.mkdir()
    (text / "0.txt").write_bytes(b"\xef\xbb\xbfA young woman.\r\nShe smiles.\r\n")
    (text / "1.TXT").write_bytes("Ein Mann mit Bärten.".encode("utf-16"))
    listed = {"0": ["Not this."], "2.jpg": ["", "A man with gray hair."], "3": []}
    (tmp_path / "text.json").write_text(json.dumps(listed))
    assert prompts(tmp_path) == {
        "0.png": "A young woman.",
        "1.PNG": "Ein Mann mit Bärten.",
        "2.png": "A man with gray hair.",
        "3.png": None,
    }
    notes = " ".join(read_mask_folder(tmp_path).notes)
    assert "Found 4 masks and 3 prompts." in notes
    assert "1 mask without a prompt of its own, such as 3" in notes
    assert "Several captions for 1 mask: the first is the prompt." in notes


def test_texts_beside_the_masks_are_read(tmp_path: Path) -> None:
    masks(tmp_path, "ann.png", "bob.png")
    (tmp_path / "ann.txt").write_text("A woman.\n")
    (tmp_path / "bob.txt").write_text("A man.\n")
    assert prompts(tmp_path) == {"ann.png": "A woman.", "bob.png": "A man."}
    assert read_mask_folder(tmp_path).notes == ("Found 2 masks and 2 prompts.",)


def test_no_prompt_at_all_is_a_warning(tmp_path: Path) -> None:
    (note, warning) = read_mask_folder(masks(tmp_path, "ann.png")).notes
    assert note == "Found 1 mask and 0 prompts."
    assert warning.startswith("Warning: 1 mask without") and "ann.txt beside" in warning


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ann.txt": b"Fr\xe4ulein"}, "byte 0xe4 at 2. Save it as UTF-8, perhaps by: iconv"),
        ({"text.json": b"{"}, "is not JSON"),
        ({"text.json": b"[1]"}, "is not an object"),
        ({"ann.PNG": MASK}, "would give two images one name"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(
    files: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    masks(tmp_path, "ann.png")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_mask_folder(tmp_path)


def test_a_folder_of_other_files_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"has no \*\.png; it has files \*\.jpg\. Name"):
        read_mask_folder(tmp_path)
