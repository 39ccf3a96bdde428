"""A folder of masks: the same images from one process and several; going on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from processes import run_in
from test_generate import SMALL, TINY, label_map, run

from facemogle.commands.generate_folder import seed_of
from facemogle.masks.reading import index_png
from facemogle.runs.provenance import read_signed

ASKED = [*SMALL, *TINY, "--prompt", "A man", "--seed", "3"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Other numbers of threads may round otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Three, of which one has a prompt of its own."""
    folder = tmp_path / "masks"
    folder.mkdir()
    for number, name in enumerate(("ann", "bob", "cid")):
        mask = np.roll(label_map(), number, axis=1)
        (folder / f"{name}.png").write_bytes(index_png(mask))
    (folder / "bob.txt").write_text("She has wavy hair.\n")
    return folder


def make(masks: Path, out: Path) -> int:
    return run("generate-folder", "--masks", str(masks), "--out", str(out), *ASKED)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_processes_make_the_images_of_one(masks: Path, tmp_path: Path) -> None:
    assert make(masks, tmp_path / "one") == 0
    folders = ["--masks", str(masks), "--out", str(tmp_path / "two")]
    said = run_in(2, "-m", "facemogle", "generate-folder", *folders, *ASKED)
    assert "3/3" in said
    one = contents(tmp_path / "one")
    assert sorted(one) == ["ann.png", "bob.png", "cid.png"] and len(set(one.values())) == 3
    assert contents(tmp_path / "two") == one


def test_an_image_is_the_one_that_generate_makes(masks: Path, tmp_path: Path) -> None:
    """Its prompt and seed are in the file, or nobody could make it again."""
    assert make(masks, tmp_path / "out") == 0
    for name, prompt in (("ann", "A man"), ("bob", "She has wavy hair.")):
        made = Image.open(tmp_path / "out" / f"{name}.png")
        seed = str(seed_of(name, 3))
        signed = read_signed((tmp_path / "out" / f"{name}.png").read_bytes())
        assert signed and (signed[1]["prompt"], signed[1]["seed"]) == (prompt, seed)
        single = str(tmp_path / "face.png")
        asked = ["--mask", str(masks / f"{name}.png"), "--prompt", prompt, "--seed", seed]
        assert run("generate", *asked, "-o", single, *SMALL, *TINY) == 0
        assert (np.asarray(made) == np.asarray(Image.open(single))).all()


def test_what_is_there_is_not_made_again(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert make(masks, out) == 0
    whole = contents(out)
    (out / "bob.png").unlink()
    (out / "ann.png").write_bytes(b"as it was")
    (out / "cid.unfinished").write_bytes(b"half")
    assert make(masks, out) == 0
    assert contents(out) == {**whole, "ann.png": b"as it was", "cid.unfinished": b"half"}
    assert "2/3" in capsys.readouterr().err


def test_a_bad_mask_is_named_and_costs_no_other_image(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (masks / "ann.png").write_bytes(b"no image")
    assert make(masks, tmp_path / "out") == 2
    assert "ann.png: " in capsys.readouterr().err
    assert sorted(contents(tmp_path / "out")) == ["bob.png", "cid.png"]


def test_a_folder_without_masks_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(tmp_path / "nothing", tmp_path / "out") == 2
    assert "nothing has no *.png" in capsys.readouterr().err


def test_a_seed_does_not_depend_on_the_other_files() -> None:
    """Numbered by their order, all images would change when a mask is added."""
    assert seed_of("ann", 0) == seed_of("ann", 0)
    assert len({seed_of(name, seed) for name in ("ann", "bob") for seed in (0, 1)}) == 4
    assert all(0 <= seed_of(str(n), n) < 2**63 for n in range(1000))
