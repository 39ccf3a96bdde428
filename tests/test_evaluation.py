"""The whole evaluation on a tiny model and tiny faces."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_faces import write_faces
from PIL import Image
from test_attributes import some_row, tiny_parser
from test_captions import EVERYTHING
from test_evaluation_numbers import face

from facemogle.__main__ import main
from facemogle.attributes import classifier as classifiers
from facemogle.attributes.classifier import build_classifier
from facemogle.commands import arguments
from facemogle.evaluation import cost, measure, robustness
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.masks.reading import index_png
from facemogle.photo.parser import save_parser
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.experts import Experts

FACES = 8
SETTINGS = {"seed": 0, "model": "tiny"}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces with attributes, as the renderer writes them: leave them as they are."""
    folder = tmp_path_factory.mktemp("rendered")
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    rows = []
    for n in range(FACES):
        image = np.random.default_rng(n).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{n}.png")
        labels = np.roll(face(), n - 4, axis=1)
        (folder / "labels" / f"{n}.png").write_bytes(index_png(labels))
        row = some_row(n) | {"visible": EVERYTHING, "id": str(n)}
        rows.append(row | {"caption": f"A {row['gender']} with {row['hair_color']} hair."})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture
def tiny(
    tmp_path: Path, own_pipeline: FaceMoGLEPipeline, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Arguments of the command, which then uses a tiny model, parser and classifier."""
    for name in ("MASKS_OF_NINE", "MASKS_OF_PHRASES", "STEERED"):
        monkeypatch.setattr(measure, name, 1)
    monkeypatch.setattr(cost, "ROUNDS", 1)
    pipeline = own_pipeline
    pipeline.register_to_config(default_size=64, default_steps=2)
    monkeypatch.setattr(arguments, "load_chosen", lambda arguments: pipeline)
    monkeypatch.setattr("facemogle.evaluation.cli.load_chosen", lambda arguments: pipeline)
    parser = tiny_parser()
    save_parser(parser, tmp_path / "parser")
    build_classifier(parser, 64).save_pretrained(tmp_path / "classifier")
    monkeypatch.setattr(classifiers, "EMBEDDED_FOLDER", tmp_path / "classifier")
    return ["evaluate", "--out", str(tmp_path / "out"), "--parser", str(tmp_path / "parser")]


def test_the_command_measures_everything_and_goes_on(
    tiny: list[str], rendered: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, masks = tmp_path / "out", tmp_path / "masks"
    masks.mkdir()
    (masks / "real.png").write_bytes(index_png(face()))
    monkeypatch.setattr(robustness, "SEEDS_A_MAP", 2)
    arguments = [*tiny, "--data", str(rendered), "--few", "4", "--masks", str(masks)]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    found = json.loads((out / "numbers.json").read_text(), parse_constant=pytest.fail)
    for title in found:
        assert title in table and title in (out / "table.md").read_text()
    assert found["mask consistency, IoU"]["mean of the regions"]["generated"] > 0
    assert found["prompt attributes"]["gender"]["faces"] == FACES
    assert found["edits of a region"]["all edits"]["edits"] == 4
    assert found["edits of a region"]["all edits"]["outside, largest"] == 0
    assert found["edits of a region"]["all edits"]["change inside"] > 0
    assert found["other masks"]["real label maps, 2 seeds, no prompt"]["images"] == 2
    assert len(found["gate, mean weight"]["over t"]["skin"]["inside"]) == 2
    assert found["cost"]["denoising steps"]["value"] == 2
    assert found["phrases of the page, used alone"]["black hair"]["images"] == 1
    assert found["regions muted"]["hair"]["inside"] > 0
    assert found["experts weaker and stronger"]["hair x4"]["faces"] == 1
    assert found["leaks"]["stubble, read as full beard"]["images"] == 4
    assert found["goals of mini"]["pixels a side"]["reached"] == "no"
    for name in ("sheet.jpg", "prompts.jpg", "phrases.jpg", "experts.jpg"):
        assert Image.open(out / name).width > 300

    made = written(out / "images")
    answers = out / "pairs" / "answers.csv"
    answers.write_text(answers.read_text().replace("1,\n", "1,left\n", 1))
    assert main(arguments) == 0
    assert written(out / "images") == made, "an image that was there is made again"
    again = json.loads((out / "numbers.json").read_text())
    assert again.pop("judges of shuffled pairs")["answers"]["pairs"] == 1
    for numbers in (found, again):
        del numbers["cost"], numbers["goals of mini"]
    assert again == found


def written(folder: Path) -> dict[str, int]:
    """When each image of a folder, and each face's steps, were written."""
    kept = [path for kind in ("png", "safetensors") for path in folder.rglob(f"*.{kind}")]
    return {str(path): path.stat().st_mtime_ns for path in kept}


def test_faces_without_attributes_are_measured_without_them(
    tiny: list[str], faces: Path, rendered: Path, tmp_path: Path
) -> None:
    """The paper's data sets have none."""
    assert main([*tiny, "--data", str(faces), "--reference", str(rendered)]) == 0
    found = json.loads((tmp_path / "out" / "numbers.json").read_text())
    assert "prompt attributes" not in found and "edits of a region" in found
    rows = found["realism, in the parser's features"]
    assert list(rows)[-2].startswith("renders, other masks, 4")
    assert list(rows)[-1] == "generated by the floor"


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "metadata.jsonl").unlink(), "metadata.jsonl"),
        (lambda folder: (folder / "labels" / "2.png").unlink(), "2.png is missing"),
        (lambda folder: shutil.rmtree(folder / "images"), "images"),
    ],
)
def test_what_a_folder_lacks_is_said_before_the_work(
    tiny: list[str], tmp_path: Path, capsys, break_it, message: str
) -> None:
    folder = write_faces(tmp_path / "faces")
    break_it(folder)
    assert main([*tiny, "--data", str(folder)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out" / "table.md").exists()


def test_masks_are_looked_at_before_the_work(
    tiny: list[str], rendered: Path, tmp_path: Path, capsys
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    arguments = [*tiny, "--data", str(rendered), "--masks", str(masks)]
    assert main(arguments) == 2 and "no label maps" in capsys.readouterr().err
    Image.new("L", (8, 8), 99).save(masks / "wrong.png")
    assert main(arguments) == 2 and "99" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_some_of_a_folder(rendered: Path) -> None:
    held = HeldOut.open(rendered, 64, 6)
    assert held.faces.ids == ["0", "1", "2", "3", "4", "5"] and len(held) == 6
    assert [row["id"] for row in held.rows or []] == held.faces.ids
    assert held.few(32) == [0, 1, 2, 3, 4, 5] and HeldOut.open(rendered, 64).few(3) == [0, 4, 7]


def test_images_of_other_settings_are_not_taken_for_these(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, tmp_path: Path
) -> None:
    """A table of two models' images would be nobody's."""
    gallery = Gallery(tmp_path, pipeline, SETTINGS)
    image = gallery.image("faces/1", "", label_map)
    assert np.array_equal(
        Gallery(tmp_path, pipeline, SETTINGS).image("faces/1", "", label_map), image
    )
    with pytest.raises(ValueError, match="model 'tiny' in place of 'other'"):
        Gallery(tmp_path, pipeline, SETTINGS | {"model": "other"})


def test_images_of_another_prompt_or_mask_are_not_taken_for_these(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, tmp_path: Path
) -> None:
    """Data rendered again, or words that changed, would be judged by old images."""
    gallery, made = Gallery(tmp_path, pipeline, SETTINGS), []

    def make() -> np.ndarray:
        made.append(1)
        return np.zeros((8, 8, 3), np.uint8)

    for source in (("a", label_map), ("a", label_map), ("b", label_map), ("b", label_map[::-1])):
        gallery.keep("faces/1", source, make)
    assert len(made) == 3


def test_experts_that_are_steered_have_images_of_their_own(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, tmp_path: Path
) -> None:
    """Taken for the image as it is, a muted region would change nothing."""
    gallery = Gallery(tmp_path, pipeline, SETTINGS)
    plain = gallery.image("x/1", "", label_map)
    muted = gallery.image("x/1", "", label_map, Experts(muted=(13,)))
    assert not np.array_equal(plain, muted)
    assert np.array_equal(gallery.image("x/1", "", label_map), plain)


def test_an_edit_starts_from_the_steps_that_were_kept(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, tmp_path: Path
) -> None:
    """Made once more for each edit, every image would cost twice."""
    gallery, seen = Gallery(tmp_path, pipeline, SETTINGS), []
    image = gallery.face("faces/1", "", label_map, seen.append)
    kept = gallery.recorded("faces/1", "", label_map)
    assert np.array_equal(kept.image, image) and kept.times == (*(s.t for s in seen[0]), 0.0)
    assert torch.equal(kept.latents[-1:], seen[0][-1].latents)
    (tmp_path / "faces" / "1.safetensors").unlink()
    again = gallery.recorded("faces/1", "", label_map)
    assert torch.allclose(again.latents, kept.latents, atol=1e-5) and again.times == kept.times


def test_one_face_has_one_seed(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, tmp_path: Path
) -> None:
    """Otherwise a painted mask would be compared with another noise, not with the exact mask."""
    gallery = Gallery(tmp_path, pipeline, SETTINGS)
    assert gallery.seed_of("faces/1") == gallery.seed_of("painted/1") != gallery.seed_of("faces/2")
    images = [gallery.image(f"{kind}/1", "", label_map) for kind in ("faces", "painted")]
    assert np.array_equal(images[0], images[1])
    other = Gallery(tmp_path / "other", pipeline, SETTINGS | {"seed": 1})
    assert not np.array_equal(other.image("faces/1", "", label_map), images[0])


def looks_made(images: np.ndarray) -> np.ndarray:
    """A made-up detector: true images here are noise, and generated ones smooth."""
    return -np.abs(np.diff(images.astype(float), axis=2)).mean((1, 2, 3))


def useless(images: np.ndarray) -> np.ndarray:
    return np.zeros((len(images), 2))


def test_a_detector_is_asked_about_every_image(
    tiny: list[str], faces: Path, tmp_path: Path, capsys
) -> None:
    place = f"{__name__}:looks_made"
    assert main([*tiny, "--data", str(faces), "--detector", place]) == 0
    found = json.loads((tmp_path / "out" / "numbers.json").read_text())["by models of others"]
    assert found[f"detector {place}"]["generated"] < 0
    assert 0 <= found[f"detector {place}"]["AUC"] <= 1
    assert main([*tiny, "--data", str(faces), "--detector", f"{__name__}:useless"]) == 2
    assert "one finite number" in capsys.readouterr().err
    assert main([*tiny, "--data", str(faces), "--detector", "nowhere"]) == 2
    assert "module:callable" in capsys.readouterr().err


def test_a_metric_that_nobody_knows_is_refused(tiny: list[str], faces: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        main([*tiny, "--data", str(faces), "--metrics", "fid,lpips"])
    assert (
        "'lpips' is not one of fid, kid, cmmd, clip, dino, image-reward" in capsys.readouterr().err
    )
