"""The command line makes the library's images, and explains bad input in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from facemogle.__main__ import main
from facemogle.gate.trace import Trace
from facemogle.masks.reading import index_png, palette_png, read_mask
from facemogle.runs.provenance import read_signed
from facemogle.weights.loading import load_pipeline

FIXTURES = Path(__file__).parent / "fixtures"
FLUX, FACE_MOGLE = str(FIXTURES / "tiny_flux"), str(FIXTURES / "tiny_face_mogle")
TINY = ["--model", FLUX, "--face-mogle", FACE_MOGLE]
SMALL = ["--size", "48x32", "--steps", "2"]


def label_map() -> np.ndarray:
    labels = np.zeros((32, 48), np.uint8)
    labels[4:28, 12:36] = 1
    labels[10:14, 16:20] = 5
    labels[10:14, 28:32] = 4
    return labels


@pytest.fixture
def mask(tmp_path: Path) -> str:
    path = tmp_path / "mask.png"
    path.write_bytes(index_png(label_map()))
    return str(path)


def run(*arguments: str) -> int:
    """Exit status of a command, whoever decides it."""
    try:
        return main(arguments)
    except SystemExit as leaving:
        assert isinstance(leaving.code, int)
        return leaving.code


@pytest.mark.parametrize("name", ["face.png", "face.jpg", "face.webp"])
def test_every_format_says_that_the_image_is_generated(name: str, tmp_path: Path) -> None:
    """Only the page's images said so; one from text alone has no mask to tell of."""
    path = tmp_path / name
    assert run("generate", "--prompt", "She has wavy hair.", "-o", str(path), *SMALL, *TINY) == 0
    assert "trainedAlgorithmicMedia" in str(Image.open(path).info["xmp"])


def test_words_that_the_mask_decides_are_told(mask: str, tmp_path: Path, capsys) -> None:
    """The page said "paint it", and the command line nothing: the mouth stayed closed."""
    asked = ["--prompt", "an open mouth and wavy hair", "-o", str(tmp_path / "face.png")]
    assert run("generate", "--mask", mask, *asked, *SMALL, *TINY) == 0
    said = capsys.readouterr().err
    assert '"open mouth" is decided by the mask, which has no mouth: paint it there.' in said


def test_writes_the_image_the_sheet_and_the_trace(
    mask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, trace = tmp_path / "face.png", tmp_path / "gate.npz"
    files = ["-o", str(image), "--trace", str(trace)]
    asked = ["--prompt", "She has wavy hair.", "--seed", "3"]
    assert run("generate", "--mask", mask, *asked, *files, *SMALL, *TINY) == 0

    said = capsys.readouterr()
    assert "2/2" in said.err, "progress"
    assert said.out.split() == [str(image), str(tmp_path / "face.gate.png"), str(trace)]
    signed = read_signed(image.read_bytes())  # or the page could not open it again
    assert signed and signed[1]["prompt"] == "She has wavy hair." and signed[1]["seed"] == "3"
    assert (signed[0] == read_mask(mask).label_map).all()
    assert Image.open(tmp_path / "face.gate.png").width > 256
    weights = Trace.load(trace)
    assert weights.grid == (2, 3) and len(weights.times) == 2
    pipeline = load_pipeline(FLUX, face_mogle=FACE_MOGLE)
    steps = pipeline.stream(
        "She has wavy hair.",
        label_map(),
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(3),
        height=32,
        width=48,
    )
    *_, last = steps
    expected = pipeline.decode(last.latents, 32, 48)
    assert (np.asarray(Image.open(image)) == np.asarray(expected)).all()
    assert (weights.gate_weights[-1] == np.asarray(last.gate_weights)).all()


def test_the_seed_decides(mask: str, tmp_path: Path) -> None:
    images = []
    for name, seed in (("a", "0"), ("b", "0"), ("c", str(2**63 - 1))):
        path = tmp_path / f"{name}.png"
        assert run("generate", "--mask", mask, "-o", str(path), "--seed", seed, *SMALL, *TINY) == 0
        images.append(path.read_bytes())
    assert images[0] == images[1] != images[2]


def test_experts_are_muted_and_weighed_by_name(mask: str, tmp_path: Path) -> None:
    files = ["-o", str(tmp_path / "face.png"), "--trace", str(tmp_path / "gate.npz")]
    heard = ["--mute", "skin", "l_eye", "--mute", "r_eye", "--strength", "global=0", "nose=3"]
    assert run("generate", "--mask", mask, *files, *heard, *SMALL, *TINY) == 0
    expected = load_pipeline(FLUX, face_mogle=FACE_MOGLE)(
        "",
        label_map(),
        2,
        generator=torch.Generator().manual_seed(0),
        height=32,
        width=48,
        muted=[1, 4, 5],
        expert_strengths=[0, 1, 1, 3, *[1] * 16],
    )
    made = np.asarray(Image.open(tmp_path / "face.png"))
    assert (made == np.asarray(expected.images[0])).all()
    assert not Trace.load(tmp_path / "gate.npz").gate_weights[..., 0].any()


def test_text_alone_has_no_gate(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    assert run("generate", "--prompt", "A man", "-o", str(path), *SMALL, *TINY) == 0
    assert path.exists() and not (tmp_path / "face.gate.png").exists()


def test_says_what_it_assumed_about_the_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(palette_png(np.kron(label_map(), np.ones((2, 2), np.uint8))))
    output = str(tmp_path / "face.png")
    assert run("generate", "--mask", str(mask), "--swap-sides", "-o", output, *SMALL, *TINY) == 0
    said = capsys.readouterr().err
    for note in ("second palette", "as asked", "Resized from 96x64 to 48x32", "exchange the sides"):
        assert said.count(note) >= 1, note
    assert said.count("left eye lies at the left") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "-1"], "'-1' is not a whole number from 0"),
        (["--seed", str(2**63)], "is not a whole number from 0 to 9223372036854775807"),
        (["--seed", "9" * 5000], "is not a whole number"),
        (["--steps", "0"], "'0' is not a whole number from 1"),
        (["--steps", "ten"], "'ten' is not a whole number"),
        (["--guidance", "nan"], "'nan' is not a number"),
        (["--size", "100"], "100: give a multiple of 16"),
        (["--size", "0"], "0: give a multiple of 16"),
        (["--size", "9600"], "up to 2048"),
        (["-o", "no/such/folder/face.png"], "make 'no/such/folder' first"),
        (["-o", "face.gif"], "'face.gif'"),
        (["--mask", "no/such/mask.png"], "no/such/mask.png"),
        (["--mask", __file__], "not an image"),
        (["--trace", "gate.npz"], "Give --mask"),
        (["--mute", "hairs"], "mute: 'hairs' is unknown; take background, skin"),
        (["--strength", "hair"], "'hair' has no number; write hair=2"),
        (["--strength", "global=x"], "'global=x' has no number"),
        (["--strength", "nose=nan"], "nan for nose"),
        (["--mute", "hair", "--prompt", "A man"], "there is none: give a mask"),
        (["--device", "abacus"], "abacus"),
        (["--model", "no/such/model"], "no/such/model"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("generate", *TINY, *arguments) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1 and len(line) < 400


def test_mini_refuses_a_size_that_it_has_not_learnt(capsys: pytest.CaptureFixture[str]) -> None:
    """Larger ones came out as a blur, after a minute's work."""
    assert run("generate", "--size", "1024") == 2
    assert "this model has learnt 512x512 only" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["paint"]])
def test_an_unknown_command_gets_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_process_of_its_own_says_nothing_but_the_reason() -> None:
    """The libraries underneath print warnings of their own while they are imported."""
    command = [sys.executable, "-m", "facemogle", "generate", "--mask", "no/such/mask.png"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=FIXTURES.parents[1])
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.count("\n") == 1 and "no/such/mask.png" in result.stderr
