"""The paper's recipe and data sets, on a tiny random FLUX and miniatures of the sets."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_faces import write_paper_set
from reference_arrays import FIXTURES
from safetensors.torch import load_file

from facemogle.__main__ import main
from facemogle.faces.paper import open_faces
from facemogle.training.paper import train_paper
from facemogle.training.recipe import PAPER, Stage
from facemogle.weights.loading import load_base, load_pipeline

SIZE = 32


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny FLUX, reading 16 tokens of a prompt instead of 512, which take most of the time."""
    folder = shutil.copytree(FIXTURES / "tiny_flux", tmp_path_factory.mktemp("base") / "flux")
    config = folder / "tokenizer_2" / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_max_length": 16}))
    return folder


@pytest.fixture(scope="module")
def run(base: Path, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was stopped once on the way."""
    out = tmp_path_factory.mktemp("paper")
    for steps in (100, 200):
        arguments = ["--recipe", "paper", "--from", str(base), "--data", str(faces)]
        arguments += ["--stage", f"{SIZE}:4:{steps}", "--out", str(out)]
        assert main(["train", *arguments]) == 0
    return out


def test_the_loss_falls(run: Path) -> None:
    """Prodigy finds its rate in the first 150 steps; the base alone has 2.7."""
    rows = [json.loads(line) for line in (run / "flow_run" / "log.jsonl").open()]
    assert [row["step"] for row in rows] == list(range(25, 201, 25))
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]


def test_only_the_face_mogle_part_is_trained(run: Path, base: Path) -> None:
    """A base that moves would fit nobody else's FLUX; a part that does not was not trained. What is
    trained loads in the published layout.
    """
    old, new = load_base(base, 4), load_pipeline(base, face_mogle=run / "face_mogle")
    last = len(old.transformer.single_transformer_blocks) - 1
    for key, value in new.transformer.condition_lora.state_dict().items():
        assert value.any() or key.startswith(f"single_transformer_blocks__{last}__"), key
    for a, b in zip(old.mogle.parameters(), new.mogle.parameters(), strict=True):
        assert not torch.equal(a, b)


def test_the_base_stays_as_it_is(base: Path, faces: Path, tmp_path: Path) -> None:
    """Bit for bit, whatever is computed beside it."""
    recipe = replace(PAPER, stages=(Stage(SIZE, 2, 3),))
    trained, old = train_paper([faces], tmp_path, recipe, base), load_base(base, 4)
    for name in ("transformer", "vae", "text_encoder", "text_encoder_2"):
        after = getattr(trained, name).state_dict()
        for key, before in getattr(old, name).state_dict().items():
            if "condition_lora" not in key:
                assert torch.equal(before.to(after[key].dtype), after[key]), key


def test_a_state_holds_no_base(run: Path, base: Path) -> None:
    """FLUX.1-dev's 24 GB must not be written every few minutes."""
    transformer = next((base / "transformer").glob("*.safetensors"))
    names = load_file(transformer).keys()
    for path in (run / "flow_run" / "state").iterdir():
        assert not any(name.encode() in path.read_bytes() for name in names)


@pytest.mark.parametrize(
    ("name", "numbers", "in_json"),
    [
        ("mmcelebahq", ["0", "9", "10", "26999", "27000", "29999"], ["0", "10", "27000"]),
        ("mmffhqfemale", ["00002", "00010"], ["00002", "00010"]),
        ("mmfairfacehq", ["52", "55"], []),
    ],
)
def test_the_papers_sets_are_read(
    name: str, numbers: list[str], in_json: list[str], tmp_path: Path
) -> None:
    """In the order of the numbers, with all captions, text.json before text/, and with masks that
    belong to the images.
    """
    folder = write_paper_set(tmp_path / name, numbers, in_json)
    faces = open_faces(folder, 64)
    assert faces.ids == numbers
    for n, number in enumerate(numbers):
        texts = (
            [f"Listed {number}."]
            if number in in_json
            else [f"Face {number}.", f"This is {number}."]
        )
        assert faces.captions[number] == texts
        assert faces[n].image.shape == (64, 64, 3)
        assert len(np.unique(faces[n].label_map)) > 4


def test_the_split_is_that_of_the_paper(tmp_path: Path) -> None:
    folder = write_paper_set(tmp_path / "set", ["0", "26999", "27000", "29999"], [])
    assert open_faces(f"{folder}:train", 64).ids == ["0", "26999"]
    assert open_faces(f"{folder}:test", 64).ids == ["27000", "29999"]
    assert len(open_faces(f"{folder}:train", 64, most=1)) == 1
    with pytest.raises(FileNotFoundError, match="0 to 26999"):
        open_faces(f"{write_paper_set(tmp_path / 'other', ['30000'], [])}:train", 64)
