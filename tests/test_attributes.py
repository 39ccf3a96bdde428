"""What captions tell, what images show, and the classifier between them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_captions import EVERYTHING, some_captions, some_person

from facemogle.__main__ import main
from facemogle.attributes import classifier as classifiers
from facemogle.attributes.classifier import build_classifier, load_classifier
from facemogle.attributes.vocabulary import ATTRIBUTES, classes, told
from facemogle.evaluation.paraphrases import NINE, WORDS, asked, paraphrase
from facemogle.photo.parser import FaceParser
from facemogle.training.attributes import attribute_loss, class_weights
from facemogle.training.distortion import distort
from facemogle.training.parser import build_parser
from facemogle.training.recipe import ParserRecipe, Stage
from facemogle.weights.loading import CheckpointError

NAMES = [attribute.name for attribute in ATTRIBUTES]
PEOPLE = 200


def some_row(n: int) -> dict:
    """A face's line as the renderer writes it, as far as attributes need it."""
    person, visible = some_person(n)
    return {**person.__dict__, "visible": visible}


def tiny_parser() -> FaceParser:
    recipe = ParserRecipe(
        widths=(4, 4, 8, 8, 8),
        depths=(1, 1, 1, 1, 1),
        heads=(1, 1, 1, 1, 1),
        head_channels=8,
        stages=(Stage(64, 1, 1),),
    )
    torch.manual_seed(0)
    return build_parser(recipe)


def test_a_full_caption_tells_all_that_is_there() -> None:
    """With a word forgotten, faces would silently not be counted."""
    for n in range(PEOPLE):
        row = some_row(n) | {"visible": EVERYTHING}
        person, _ = some_person(n)
        tells = told(row, some_captions(person, EVERYTHING)[0])
        for attribute, index, tell in zip(ATTRIBUTES, classes(row), tells, strict=True):
            if attribute.name != "age" and index >= 0:  # "She has ..." does not tell the age
                assert tell == (index > 0 or not attribute.absence), (attribute.name, row)


def test_a_caption_of_someone_else_tells_little() -> None:
    """A word that fits any caption would count faces that were not told."""
    bald = some_row(0) | {"hair_style": "wavy", "hair_color": "black", "years": 37}
    tells = dict(zip(NAMES, told(bald, "a woman in her thirties with gray hair"), strict=True))
    assert not tells["hair colour"]
    assert not tells["age"]  # some in their thirties are young, others middle-aged
    assert not told(bald | {"years": 24}, "A woman.")[NAMES.index("age")]
    assert told(bald | {"years": 24}, "a man in his twenties")[NAMES.index("age")]


@pytest.mark.parametrize(
    ("name", "hidden", "change"),
    [
        ("hair colour", ("hair",), {"hair_style": "wavy"}),
        ("hair colour", (), {"hair_style": "bald"}),
        ("glasses", ("eye_g",), {"glasses": "sunglasses"}),
        ("hat", ("hat",), {"hat": "cap"}),
        ("lipstick", ("u_lip", "l_lip"), {"lipstick": True}),
        ("skin tone", ("skin",), {}),
    ],
)
def test_what_the_image_hides_has_no_class(name: str, hidden: tuple, change: dict) -> None:
    row = some_row(1) | change | {"visible": EVERYTHING | dict.fromkeys(hidden, False)}
    assert classes(row)[NAMES.index(name)] == -1


def test_other_words_are_other_words() -> None:
    """Words that training used would measure memory."""
    known = set()
    for n in range(PEOPLE):
        person, _ = some_person(n)
        known |= set(re.findall(r"\w+", " ".join(some_captions(person, EVERYTHING)).lower()))
    for name, words in WORDS.items():
        for value, texts in words.items():
            used = set(re.findall(r"\w+", " ".join(texts).lower())) - {"a", "an"}
            assert not used & known, (name, value)


def test_a_paraphrase_says_which_attributes_it_tells() -> None:
    for n in range(20):
        row = some_row(n) | {"visible": EVERYTHING}
        prompt, tells = paraphrase(row)
        for attribute, index, tell in zip(ATTRIBUTES, classes(row), tells, strict=True):
            if tell:
                ways = WORDS[attribute.name][attribute.values[index]]
                assert sum(text in prompt for text in ways) == 1
            else:
                assert index <= 0


def test_nine_prompts_ask_for_what_is_written_down() -> None:
    """A class that is not in the words would count as a failure of the model."""
    values = {name: set() for name in NAMES}
    for prompt, more in NINE:
        for attribute, index in zip(ATTRIBUTES, asked(prompt, more), strict=True):
            if index >= 0:
                values[attribute.name].add(attribute.values[index])
        hair = more["hair colour"]
        shade = {"gray": "(gray|white)", "dyed": "pink"}.get(hair, hair)
        assert re.search(rf"{shade} hair", prompt)
        assert ("glasses" in more) == ("glasses" in prompt)
        assert ("beard" in more) == bool(re.search("beard|stubble|moustache", prompt))
    assert len(values["hair colour"]) == 6 and len(values["skin tone"]) == 3
    assert values["gender"] == {"woman", "man"} and len(values["age"]) == 3


def test_rare_classes_and_hidden_ones() -> None:
    """Without weights, "no hat" always is right nearly always; -1 must not count as a class."""
    truth = np.zeros((10, len(ATTRIBUTES)), int)
    truth[0] = 1
    truth[1, NAMES.index("hat")] = -1
    weights = class_weights(truth)
    hat = weights[NAMES.index("hat")]
    assert hat[1] / hat[0] == pytest.approx(np.sqrt(8))
    scores = [torch.zeros(2, len(attribute.values)) for attribute in ATTRIBUTES]
    hidden = torch.full((2, len(ATTRIBUTES)), -1)
    hidden[0, 0] = 0
    one = attribute_loss(scores, hidden, weights)["loss"]
    assert one == pytest.approx(np.log(len(ATTRIBUTES[0].values)))


def test_distortion_can_leave_colours_alone() -> None:
    """Someone who learns hair colours from tinted images learns nothing."""
    image = np.full((64, 64, 3), (180, 90, 40), np.uint8)
    for seed in range(20):
        labels = np.zeros((64, 64), np.uint8)
        other, _ = distort(image, labels, np.random.default_rng(seed), colors=False)
        assert np.abs(other.mean((0, 1)) - image[0, 0]).max() < 4


def test_a_classifier_survives_its_file_and_refuses_other_attributes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = tiny_parser()
    model = build_classifier(parser, 64).eval()
    encoder = parser.model.segformer.state_dict()
    assert all(torch.equal(encoder[k], v) for k, v in model.segformer.state_dict().items())
    model.save_pretrained(tmp_path)
    again = load_classifier(tmp_path, "cpu")
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)
    readings = again.read(images)
    assert readings.shape == (3, len(ATTRIBUTES))
    assert np.array_equal(readings, model.read(images))
    monkeypatch.setattr(classifiers, "ATTRIBUTES", ATTRIBUTES[:-1])
    with pytest.raises(CheckpointError, match="train-attributes"):
        load_classifier(tmp_path, "cpu")
    with pytest.raises(CheckpointError, match="no attribute classifier"):
        load_classifier(tmp_path / "nothing", "cpu")


def test_the_command_trains_scores_and_resumes(tmp_path: Path, capsys) -> None:
    from facemogle.photo.parser import save_parser

    faces, run = tmp_path / "faces", tmp_path / "run"
    for kind in ("images", "labels"):
        (faces / kind).mkdir(parents=True)
    rows = []
    for n in range(4):
        image = np.random.default_rng(n).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(image).save(faces / "images" / f"{n}.png")
        rows.append(some_row(n) | {"id": str(n), "caption": "A face."})
    (faces / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    save_parser(tiny_parser(), tmp_path / "parser")
    arguments = ["train-attributes", "--data", str(faces), "--out", str(run)]
    arguments += ["--parser", str(tmp_path / "parser")]
    assert main([*arguments, "--stage", "32:2:1"]) == 0
    more = ["--stage", "32:2:1", "--stage", "64:2:2", "--held-out", str(faces)]
    assert main([*arguments, *more]) == 0
    assert "hair colour" in capsys.readouterr().out
    found = json.loads((run / "accuracy.json").read_text())[str(faces)]
    assert list(found) == NAMES and all(0 <= share <= 1 for share in found.values())
    assert load_classifier(run / "attributes").config.side == 64
    (faces / "metadata.jsonl").write_text(json.dumps({"id": "0", "caption": "A face."}))
    assert main([*arguments, "--stage", "32:2:9"]) == 2
    assert "render" in capsys.readouterr().err
