"""Files that cannot be written are named before the image is made, which may take minutes."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from facemogle.__main__ import main
from facemogle.commands import outputs
from facemogle.commands.outputs import check_outputs, writing
from facemogle.masks.reading import index_png


@pytest.fixture
def mask(tmp_path: Path, label_map) -> Path:
    path = tmp_path / "mask.png"
    path.write_bytes(index_png(label_map))
    return path


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object) -> None:
        raise AssertionError("the model was loaded before the files were looked at")

    monkeypatch.setattr("facemogle.commands.generate.load_chosen", load)
    monkeypatch.setattr("facemogle.commands.generate_folder.load_chosen", load)


def test_the_mask_is_not_overwritten(mask: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-o mask.png`` once replaced what the image was made from."""
    before = mask.read_bytes()
    assert main(["generate", "--mask", str(mask), "-o", str(mask)]) == 2
    assert "would overwrite what is read" in capsys.readouterr().err
    assert mask.read_bytes() == before


def test_the_sheet_does_not_overwrite_the_mask(mask: Path, capsys) -> None:
    """The sheet's name is made up: face.png writes face.gate.png."""
    gate = mask.rename(mask.with_name("face.gate.png"))
    assert main(["generate", "--mask", str(gate), "-o", str(mask.with_name("face.png"))]) == 2
    assert f"{gate} would overwrite" in capsys.readouterr().err


def test_one_folder_does_not_take_its_own_masks(mask: Path, capsys) -> None:
    """All images counted as made, and nothing was said."""
    folder = str(mask.parent)
    assert main(["generate-folder", "--masks", folder, "--out", folder]) == 2
    assert "is also the folder of the masks" in capsys.readouterr().err


def test_full_disk_is_found_first(mask: Path, monkeypatch, capsys) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 5, 5))
    assert main(["generate", "--mask", str(mask), "-o", str(mask.with_name("face.png"))]) == 2
    said = capsys.readouterr().err.strip()
    assert "cannot be written. The disk is full. Make room" in said and "\n" not in said


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EACCES, "You may not write there"), (errno.EROFS, "can only be read")],
)
def test_missing_permission_is_found_first(
    mask: Path, monkeypatch, capsys, number: int, remedy: str
) -> None:
    """Simulated, as tests may run as root, who may write everywhere."""

    def refuse(**_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert main(["generate", "--mask", str(mask), "-o", str(mask.with_name("face.png"))]) == 2
    said = capsys.readouterr().err
    assert str(mask.parent) in said and remedy in said and "Name another place" in said


def test_looking_leaves_files_alone(tmp_path: Path) -> None:
    old = tmp_path / "face.png"
    old.write_bytes(b"an image")
    check_outputs([old, tmp_path / "new.png"])
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]
    assert old.read_bytes() == b"an image"


def test_what_fails_later_has_a_name_too(tmp_path: Path) -> None:
    """The disk may fill up while the image is made; Pillow's error does not name the file."""
    expected = r"face\.png cannot be written\. The disk is full"
    with pytest.raises(OSError, match=expected), writing(tmp_path / "face.png"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_jpeg_has_two_spellings(mask: Path, capsys) -> None:
    with pytest.raises(AssertionError, match="the model was loaded"):
        main(["generate", "--mask", str(mask), "-o", str(mask.with_name("face.jpeg"))])


def test_needed_room_is_what_the_files_take() -> None:
    assert outputs.NEEDED >= 2048 * 2048 * 3 * 2
