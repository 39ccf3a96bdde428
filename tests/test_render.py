"""Rendered faces: attributes, labels and the folder; and drawing them, of made-up assets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_up_makehuman import write_makehuman
from PIL import Image

from facemogle.__main__ import main
from facemogle.faces.folder import FaceFolder
from facemogle.render import dataset
from facemogle.render.assets import AssetFolder
from facemogle.render.cuts import CUTS as GROWN
from facemogle.render.face import CUTS, PARTS, Face, sample_face
from facemogle.render.labels import NUMBER, annotate, drop_specks, majority, put_on_glasses
from facemogle.render.renderer import Renderer
from facemogle.render.rendering import Rendering
from facemogle.render.traits import UNITS

FACES = [sample_face(7, n) for n in range(150)]


def rendering(face: Face) -> Rendering:
    """A stand-in for a rendered one: a square of skin, whose colour tells the face's number."""
    labels = np.zeros((16, 16), np.uint8)
    labels[4:12, 4:12] = NUMBER["skin"]
    image = np.full((16, 16, 3), face.index, np.uint8)
    return Rendering(image, labels, labels if face.glasses != "none" else None)


def test_a_face_is_always_the_same() -> None:
    """Drawn from one stream, face n would depend on the faces before it and on the worker."""
    assert sample_face(7, 20) == FACES[20]
    assert sample_face(8, 20) != FACES[20]
    assert len({json.dumps(face.targets) for face in FACES}) == len(FACES)


def test_streams_of_a_face_differ() -> None:
    """One stream for all parts would tie the light to the hair."""
    assert len({FACES[0].draw(part).random() for part in PARTS}) == len(PARTS)


def test_faces_are_adults_of_every_tone() -> None:
    """Young faces and missing tones of one gender are what the set must not have."""
    assert all(25 <= face.years <= 85 for face in FACES)
    for gender in ("woman", "man"):
        tones = {sample_face(1, n).monk for n in range(400) if sample_face(1, n).gender == gender}
        assert tones == set(range(1, 11))


def test_attributes_agree() -> None:
    """A bearded woman, or glasses with no shape, would be described wrongly."""
    for face in FACES:
        assert face.beard == "none" or face.gender == "man"
        assert (face.glasses == "none") == (face.glasses_shape == "")
        assert (face.hair_style, face.hair_length) == CUTS[face.hair_cut]
        assert face.eyes_closed == ("eye-left-closure" in face.units)
        assert face.expression in UNITS and abs(sum(face.races.values()) - 1) < 0.01
        assert face.hat == "none" or face.hair_cut == "bald" or face.hair_cut in GROWN
        assert not face.bangs or (face.hat == "none" and face.receding == 0)
    assert 0.05 < np.mean([face.bangs for face in FACES]) < 0.3


def test_attributes_survive_json() -> None:
    """NumPy numbers would fail to be written, or come back as other values."""
    for face in FACES[:20]:
        assert Face(**json.loads(json.dumps(face.attributes()))) == face


def test_majority_takes_the_most_frequent_label() -> None:
    """Averaged labels would make up regions between two others."""
    samples = np.zeros((6, 6), np.uint8)
    samples[:3, :3] = 13
    samples[:2, :2] = 1
    samples[3:, 3:].flat[:4] = 18
    assert majority(samples, 3).tolist() == [[13, 0], [0, 0]]


def test_glasses_hide_eyes_only_if_they_are_dark() -> None:
    """CelebAMask-HQ labels eyes and brows behind clear lenses, but not behind dark ones."""
    samples = np.array([[1, 4, 7, 2, 13]], np.uint8)
    lens = np.array([[True, True, True, False, True]])
    assert put_on_glasses(samples, lens, dark=False).tolist() == [[3, 4, 7, 2, 3]]
    assert put_on_glasses(samples, lens, dark=True).tolist() == [[3, 3, 3, 2, 3]]


def test_specks_vanish() -> None:
    """A closed mouth leaves a few samples of its inside, which no annotator draws."""
    labels = np.full((32, 32), NUMBER["skin"], np.uint8)
    labels[4:6, 4:7] = NUMBER["mouth"]
    labels[20:24, 20:24] = NUMBER["nose"]
    kept = drop_specks(labels, 8)
    assert not (kept == NUMBER["mouth"]).any()
    assert (kept == NUMBER["nose"]).sum() == 16


def test_brows_become_blobs_on_skin_alone() -> None:
    """Strokes leave gaps and are thin; and a brow must not grow into hair or background."""
    labels = np.full((64, 64), NUMBER["skin"], np.uint8)
    labels[:, 40:] = NUMBER["hair"]
    brows = np.zeros((2, 64, 64), bool)
    brows[0, 19:22, 10:40:2] = True
    drawn = annotate(labels, brows)
    blob = drawn == NUMBER["l_brow"]
    assert blob[19:22, 10:39].all()
    assert (drawn[:, 41:] == NUMBER["hair"]).all() and not (drawn == NUMBER["r_brow"]).any()


def test_an_interrupted_run_resumes(tmp_path: Path) -> None:
    """Rows lost, doubled or half written would leave a set with holes that nobody notices."""
    faces = dataset.write_faces(tmp_path, rendering, 7, range(6))
    assert [next(faces), next(faces)] == [0, 1]
    faces.close()
    with (tmp_path / dataset.ROWS / "0.jsonl").open("a") as rows:
        rows.write('{"id": "0000')  # killed while writing
    with (tmp_path / dataset.ROWS / "0.jsonl").open("a") as rows:
        rows.write("\n")
    rest = [
        n for w in (0, 1) for n in dataset.write_faces(tmp_path, rendering, 7, range(w, 6, 2), w)
    ]
    assert sorted(rest) == [2, 3, 4, 5]
    assert dataset.finish(tmp_path) == 6
    rows = [json.loads(line) for line in (tmp_path / "metadata.jsonl").open()]
    assert [row["id"] for row in rows] == [f"{n:06d}" for n in range(6)]
    assert list(dataset.write_faces(tmp_path, rendering, 7, range(6))) == []
    sheet = np.asarray(Image.open(tmp_path / "labels.png"))
    assert sheet.shape == (16, 8 * 16) and (sheet[:, :16] == rendering(FACES[0]).labels).all()
    assert Image.open(tmp_path / "faces.jpg").size == (8 * 16, 16)


def test_files_of_a_face(tmp_path: Path) -> None:
    """The trainer finds a face by its row: an image, a label map and a caption."""
    glasses = next(face for face in FACES if face.glasses == "eyeglasses")
    for name in ("images", "labels", "labels_bare"):
        (tmp_path / name).mkdir()
    row = dataset.write_face(tmp_path, glasses, rendering(glasses))
    assert (tmp_path / row["file_name"]).is_file()
    for kind in ("labels", "labels_bare"):
        stored = np.asarray(Image.open(tmp_path / kind / f"{row['id']}.png"))
        assert (stored == rendering(glasses).labels).all()
    assert row["caption"] == row["captions"][0] and row["caption"]
    assert row["visible"]["skin"] and not row["visible"]["hair"]


def test_another_seed_is_refused(tmp_path: Path) -> None:
    """Mixed seeds would make face n of the folder depend on when it was written."""
    list(dataset.write_faces(tmp_path, rendering, 7, range(2)))
    dataset.check_seed(tmp_path, 7)
    with pytest.raises(dataset.FolderError, match="seed 7, not 8"):
        dataset.check_seed(tmp_path, 8)


@pytest.fixture(scope="module")
def makehuman(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_makehuman(tmp_path_factory.mktemp("makehuman"))


def test_a_face_is_drawn_by_opengl(makehuman: Path) -> None:
    """Everything that the stand-ins above cannot show: shaders and meshes fit together, each part
    comes to its label, and one face leaves nothing behind on the next.
    """
    renderer = Renderer(AssetFolder(makehuman), 64)
    glasses = next(face for face in FACES if face.glasses == "sunglasses")
    hair = next(face for face in FACES if face.hair_cut in GROWN and face.hat == "none")
    mesh = next(face for face in FACES if face.hair_cut[-1].isdigit())
    drawn = [renderer.render(face) for face in (hair, mesh, glasses)]
    again = renderer.render(hair)
    assert (again.image == drawn[0].image).all() and (again.labels == drawn[0].labels).all()
    for made in drawn:
        assert made.image.shape == (64, 64, 3) and made.image.std() > 10
        shown = set(np.unique(made.labels))
        wanted = ("background", "skin", "nose", "l_brow", "r_brow", "u_lip", "hair", "neck")
        assert {NUMBER[name] for name in wanted} <= shown
    worn = drawn[2]
    assert worn.bare is not None and not (worn.bare == NUMBER["eye_g"]).any()
    assert (worn.labels == NUMBER["eye_g"]).any()
    seen = drawn[0].labels
    right, left = (np.argwhere(seen == NUMBER[name])[:, 1].mean() for name in ("r_eye", "l_eye"))
    assert right < left  # the person's own sides, mirrored or not


def test_bangs_are_labelled_hair(makehuman: Path) -> None:
    """The label map must show the forehead that is left, not the one beneath."""
    face = next(f for f in FACES if f.bangs and f.glasses == "none")
    renderer = Renderer(AssetFolder(makehuman), 128)
    drawn, without = (renderer.render(replace(face, bangs=there)) for there in (True, False))
    covered = (drawn.labels == NUMBER["hair"]) & (without.labels == NUMBER["skin"])
    assert covered.sum() > 0.003 * covered.size
    before, after = (made.image[covered].astype(float) for made in (without, drawn))
    assert np.abs(before - after).mean() > 20
    eyes = np.isin(without.labels, (NUMBER["l_eye"], NUMBER["r_eye"]))
    assert (drawn.labels[eyes] == without.labels[eyes]).mean() > 0.9


def test_pores_show_at_512_pixels(makehuman: Path) -> None:
    """Grain above half of what the pixels can show; a blur there looks like wax."""
    renderer = Renderer(AssetFolder(makehuman), 512)
    face = next(f for f in FACES if f.glasses == "none" and f.beard == "none" and not f.bangs)
    drawn = renderer.render(face)
    renderer.stage.pores.write(np.full((512, 512, 2), (0, 128), np.uint8).tobytes())
    renderer.stage.pores.build_mipmaps()
    smooth = renderer.render(face)
    skin = cv2.erode((drawn.labels == NUMBER["skin"]).astype(np.uint8), np.ones((9, 9))) > 0

    def fine(image: np.ndarray) -> float:
        gray = image.mean(2)
        return float((gray - cv2.GaussianBlur(gray, (0, 0), 1))[skin].std())

    assert fine(drawn.image) > 1.05 * fine(smooth.image)


def test_the_command_writes_a_folder(makehuman: Path, tmp_path: Path) -> None:
    arguments = ["render", "--assets", str(makehuman), "--out", str(tmp_path), "--seed", "7"]
    assert main([*arguments, "--count", "3", "--size", "64"]) == 0
    faces = FaceFolder(tmp_path, 64)
    assert len(faces) == 3 and faces.ids == ["000000", "000001", "000002"]
    assert len({faces.image(n).tobytes() for n in range(3)}) == 3
    assert all(NUMBER["skin"] in faces.label_map(n) for n in range(3))
