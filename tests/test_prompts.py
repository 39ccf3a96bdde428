"""Prompts are read as people write them, and what a model cannot read is said."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from test_captions import EVERYTHING, some_captions, some_person
from test_generate import TINY, run
from test_generate_folder import masks as masks  # a fixture
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from facemogle.masks.reading import read_mask
from facemogle.masks.regions import REGIONS
from facemogle.network.text import token_ids, weighted
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.prompts.notes import prompt_notes
from facemogle.prompts.reading import PromptReading, Span, read_prompt
from facemogle.prompts.regions import known_nouns, painted_words
from facemogle.prompts.synonyms import SYNONYMS
from facemogle.prompts.vocabulary import Vocabulary
from facemogle.prompts.words import WORDS, known_words
from facemogle.training.text import build_tokenizers
from facemogle.ui.prompts import Prompts
from facemogle.weights.loading import load_pipeline

ROOT = Path(__file__).parents[1]
TAGS = (
    "masterpiece, best quality, ultra high res, 8k, dslr, RAW photo, (photorealistic:1.4), "
    "highly detailed, sharp focus, soft lighting, film grain, Fujifilm XT3, white background"
)


@pytest.fixture(scope="module")
def small() -> PreTrainedTokenizerBase:
    """mini's, made for a small set of words."""
    return AutoTokenizer.from_pretrained(ROOT / "checkpoints/mini/tokenizer_2")


@pytest.fixture(scope="module")
def large() -> PreTrainedTokenizerBase:
    """One that composes words of pieces, as FLUX's does."""
    return AutoTokenizer.from_pretrained(ROOT / "tests/fixtures/tiny_flux/tokenizer_2")


@pytest.fixture(scope="module")
def mini() -> FaceMoGLEPipeline:
    pipeline = load_pipeline("mini", device="cpu")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def texts(spans: tuple[Span, ...]) -> list[str]:
    return [span.text for span in spans]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("A bespectacled old gentleman", "a glasses elderly gentleman"),
        ("a girl with raven tresses", "a woman with black hair"),
        ("a dark-skinned guy, grinning", "a dark skin man, smiling"),
        ("a brunette with spectacles", "a brown hair with glasses"),
        ("a salt-and-pepper beard", "a gray beard"),
        ("a lady at golden hour", "a lady"),  # a colour of something else
    ],
)
def test_other_people_s_words_are_read_as_the_captions(
    prompt: str, text: str, small: PreTrainedTokenizerBase
) -> None:
    """Synonyms were omitted: "raven tresses" had no effect at all."""
    assert read_prompt(prompt, small, 48).text == text


def test_every_synonym_leads_to_words_that_mini_knows(small: PreTrainedTokenizerBase) -> None:
    vocabulary = Vocabulary.of(small)
    assert vocabulary and all(vocabulary.forms(word) for word in SYNONYMS)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("black hair, young woman", "black hair, young woman"),
        ("Black hair, young woman", "black hair, young woman"),
        ("BLACK HAIR, YOUNG WOMAN", "black hair, young woman"),
        ("a woman with black hair.", "a woman with black hair."),
        ("she has wavy hair", "She has wavy hair"),
        ("(red hair:1.4)", "red hair"),
        ("((black hair)), [glasses]", "black hair, glasses"),
        (r"\(black hair\) :)", "black hair"),
        ("(black hair)(young woman)", "black hair young woman"),
        ("((black hair", "black hair"),
        ("red-hair, black_hair", "red hair, black hair"),
        ("a Middle-aged woman", "a middle-aged woman"),
        ('"black hair" and \u201cgray hair\u201d', "black hair and gray hair"),
        ("black hair\nyoung\twoman\r\n", "black hair young woman"),
        ("black hair \U0001f600\U0001f469\u200d\U0001f9b0, young woman", "black hair, young woman"),
        ("검은 머리 black hair를 한 young woman", "black hair young woman"),
        ("\uff42\uff4c\uff41\uff43\uff4b\u3000hair\uff0cyoung woman", "black hair, young woman"),
        ("women, mustaches, necklace, freckle", "woman, mustache, necklace, freckles"),
        (f"{TAGS}, young woman, black hair", "young woman, black hair"),
        (f"young woman, black hair, {TAGS}", "young woman, black hair"),
        ("a beautiful young woman", "a young woman"),
        ("a photo of a woman in a red dress, black hair", "a woman, black hair"),
        ("red dress and black hair", "black hair"),
        ("a blonde-haired woman, sun glasses", "a blonde hair woman, sunglasses"),
        ("natural light, black hair", "black hair"),
        ("score_9, score_8_up, soft white light, light skin", "light skin"),
        ("a man with no beard and black hair", "a man and black hair"),
        ("black hair (without glasses), isn't smiling", "black hair"),
        ("black hair, not wearing a hat", "black hair"),
        (TAGS, ""),
        ("", ""),
    ],
)
def test_known_words_are_read_in_any_dress(
    small: PreTrainedTokenizerBase, prompt: str, text: str
) -> None:
    """A phone's capital, a bracket or a tag in front took the known words' effect away; the red of
    a dress made red hair, and "no beard" a beard.
    """
    assert read_prompt(prompt, small, 48).text == text


def test_words_of_captions_are_read_as_they_are_written() -> None:
    """A word that the reader takes apart or leaves out would no longer be the one learnt."""
    found = [
        caption
        for n in range(60)
        for caption in some_captions(some_person(n)[0], EVERYTHING, seeds=2)
    ]
    tokenizer = build_tokenizers(found, 200)[1]
    for caption in found:
        reading = read_prompt(caption, tokenizer, 200)
        assert not reading.unknown and not reading.omitted
        assert reading.text[:1].lower() + reading.text[1:] == (
            caption[:1].lower() + caption[1:].replace(". A", ". a")
        )
        if caption.startswith("a "):
            assert reading.text == caption


def test_what_was_left_out_is_named_where_it_stands(small: PreTrainedTokenizerBase) -> None:
    """The red hair at the end of a long prompt never arrived, and nobody was told."""
    prompt = (
        "Masterpiece, best quality, a woman, black hiar, " + "long hair, " * 15 + "(red hair:1.2)"
    )
    reading = read_prompt(prompt, small, 48)
    assert texts(reading.unknown) == ["Masterpiece", "best quality", "black hiar"]
    assert texts(reading.omitted)[-1] == "red hair" and reading.num_tokens == 51
    for span in (*reading.unknown, *reading.omitted, *reading.weights):
        assert prompt[span.start : span.end] == span.text
    left_out, too_long = prompt_notes(reading)
    assert '"Masterpiece", "best quality", "black hiar" (it knows "black hair")' in left_out
    assert "51 tokens and this model reads 48" in too_long and '"red hair"' in too_long
    assert prompt_notes(read_prompt("a woman", small, 48)) == []


def test_the_limit_is_the_tokens_and_not_the_words(
    small: PreTrainedTokenizerBase, large: PreTrainedTokenizerBase
) -> None:
    """Counted in words, a cut prompt passes for a whole one. What fits exactly is not cut."""
    for tokenizer, prompt in ((small, "hair " * 47), (large, "wavy hair")):
        needed = len(tokenizer(prompt).input_ids)
        assert not read_prompt(prompt, tokenizer, needed).omitted
        (omitted,) = read_prompt(prompt, tokenizer, needed - 1).omitted
        assert omitted.text == "hair" and omitted.end == len(prompt.rstrip())
        kept = token_ids(prompt, tokenizer, needed - 1)[0]
        assert kept[-1] == tokenizer.eos_token_id and len(kept) == needed - 1


def test_weights_are_multiplied_and_limited(small: PreTrainedTokenizerBase) -> None:
    """Read as words, "1.4" was spelled out and "(red" was no colour."""

    def weights(prompt: str) -> list[tuple[str, float, float]]:
        found = read_prompt(prompt, small, 48).weights
        return [(one.text, one.asked, one.weight) for one in found]

    assert weights("(red hair:1.4), ((black hair)), [glasses], (woman: 1)") == [
        ("red hair", 1.4, 1.4), ("black hair", 1.21, 1.21), ("glasses", 0.909091, 0.909091)
    ]  # fmt: skip
    assert weights("(a (young:2) woman:0.5)") == [("a", 0.5, 0.5), ("woman", 0.5, 0.5)]
    assert weights("(red hair, smiling:1.3)") == [("red hair, smiling", 1.3, 1.3)]
    assert weights("(red hair:100), (smiling:-2)") == [("red hair", 100, 1.5), ("smiling", -2, 0)]
    said = prompt_notes(read_prompt("(red hair:100)", small, 48))
    assert said == ['Weights go from 0 to 1.5; nearest to what was asked, "red hair" got 1.5.']


def test_a_large_vocabulary_is_shown_the_text_as_it_is(large: PreTrainedTokenizerBase) -> None:
    """FLUX knows capitals and rare words; only the notation of weights is none of its words."""
    assert Vocabulary.of(large) is None
    for prompt in (
        "She wears a Fedora, 8k,\n\u201cquoted\u201d  (",
        TAGS.replace("(", "").replace(")", ""),
    ):
        reading = read_prompt(prompt, large, 512)
        assert reading.text == prompt and not reading.unknown and not reading.token_weights
    reading = read_prompt(r"Wavy (hair:2), \(quoted\)", large, 512)
    assert reading.text == "Wavy hair, (quoted)"
    assert [one.text for one in reading.weights] == ["hair"]


def test_tokens_get_the_weight_of_their_letters(large: PreTrainedTokenizerBase) -> None:
    """Counted by words, weights would slide along to other words than those in brackets."""
    reading = read_prompt("long (wavy:1.3) hair", large, 512)
    tokens = large.convert_ids_to_tokens(large(reading.text).input_ids)
    heavy = [t for t, w in zip(tokens, reading.token_weights, strict=True) if w == 1.3]
    assert "".join(heavy).strip("▁") == "wavy"
    cut = read_prompt("long (wavy:1.3) hair", large, 6)
    assert cut.token_weights == (*reading.token_weights[:5], 1.0)


def test_weighting_scales_what_a_token_tells() -> None:
    """At weight 1 not one bit may change: most prompts have no weights."""
    features, empty = torch.randn(2, 1, 5, 4).unbind()
    assert torch.equal(weighted(features, empty, [1.0, 1.0, 1.0]), features)
    made = weighted(features, empty, [0.0, 2.0])
    assert torch.allclose(made[:, 0], empty[:, 0], atol=1e-6)
    assert torch.allclose(made[:, 1] - empty[:, 1], 2 * (features - empty)[:, 1], atol=1e-6)
    assert torch.equal(made[:, 2:], features[:, 2:])


def test_suggestions_are_words_that_the_model_knows(small: PreTrainedTokenizerBase) -> None:
    """A suggestion that is unknown itself would lead in a circle."""
    prompt = "black hiar, brunette, freckels, old guy, mustasche, zzz"
    unknown = read_prompt(prompt, small, 48).unknown
    offered = {one.text: one.suggestions for one in unknown}
    assert offered["black hiar"] == ("black hair",)
    assert offered["freckels"] == ("freckles",) and offered["zzz"] == ()
    for text in [text for found in offered.values() for text in found]:
        assert not read_prompt(text, small, 48).unknown


def test_offered_words_are_known(
    small: PreTrainedTokenizerBase, large: PreTrainedTokenizerBase
) -> None:
    """A button with a word that means nothing to the model."""
    for texts_of_kind in known_words(small).values():
        for text in texts_of_kind:
            assert read_prompt(text, small, 48).text == text
    assert known_words(large) == {kind: list(found) for kind, found in WORDS.items()}
    assert not any(known_words(None).values())


def test_words_of_the_mask_are_found(small: PreTrainedTokenizerBase) -> None:
    """Sent to the mask: what a prompt denies, or a part of another word."""

    def found(prompt: str) -> list[tuple[str, str, bool]]:
        read = read_prompt(prompt, small, 48)
        return [
            (one.text, REGIONS[one.region].title, one.is_known)
            for one in painted_words(prompt, read.unknown)
        ]

    assert found("Open mouth, bangs") == [("Open mouth", "Mouth", True), ("bangs", "Hair", False)]
    assert found("a woman with no hat, without any earrings, capital, what a hat-trick") == []
    assert found("a T-shirt") == [("T-shirt", "Clothes", False)]
    assert [title for _, title, _ in found("cap and glasses")] == ["Hat", "Glasses"]


def test_nouns_of_regions_are_known(
    small: PreTrainedTokenizerBase, large: PreTrainedTokenizerBase
) -> None:
    """A layer's field would write words into the prompt that the model does not read."""
    nouns = known_nouns(small)
    assert nouns[13] == ["hair"] and nouns[2] == []
    for region, known in enumerate(nouns):
        assert all(read_prompt(noun, small, 48).text for noun in known), REGIONS[region]
    assert all(known_nouns(large)) and not any(known_nouns(None))


def test_any_text_is_read(small: PreTrainedTokenizerBase, large: PreTrainedTokenizerBase) -> None:
    """A prompt that stops the program. What was read once must read as itself."""
    draw = random.Random(0)
    parts = ["black", "Hair", "red-hair", "xyzzy", "검은", "\U0001f600", "(", ")", "[", "]", ":1.4"]
    parts += [":", "\\", ",", ".", "\n", " ", " ", "-", "'s", "a", "\ud800", "\x00", "\u0301"]
    for _ in range(200):
        prompt = "".join(draw.choices(parts, k=draw.randrange(30)))
        for tokenizer in (small, large):
            reading = read_prompt(prompt, tokenizer, 20)
            for span in (*reading.unknown, *reading.omitted, *reading.weights):
                assert prompt[span.start : span.end] == span.text != ""
            prompt_notes(reading)
        text = read_prompt(prompt, small, 20).text
        assert read_prompt(text, small, 20).text == text
    many = "(" * 5000 + "red hair" + ")" * 5000
    assert read_prompt(many, small, 48).weights[0].weight == 1.5


def test_the_page_marks_words_where_the_browser_counts_them(
    small: PreTrainedTokenizerBase,
) -> None:
    """An emoji is one letter in Python and two in a browser: marks slid to the left of words."""
    prompt = "\U0001f600 (red hair:1.2), xyzzy"

    def read(text: str) -> PromptReading:
        return read_prompt(text, small, 48)

    marked = Prompts(read).read_words(prompt)
    units = prompt.encode("utf-16-le")
    for kind in ("unknown", "weights"):
        (one,) = marked[kind]
        assert units[2 * one["start"] : 2 * one["end"]].decode("utf-16-le") == one["text"]
    assert marked["text"] == "red hair"
    assert "error" in Prompts(read).read_words(["red hair"])


def test_prompts_in_any_dress_have_the_same_features(mini: FaceMoGLEPipeline) -> None:
    """Quality tags whitened the hair: spelled letter by letter, they were features of their own."""
    plain, plain_pooled, _ = mini.encode_prompt("black hair, young woman")
    for prompt in ("Black hair, young woman", f"{TAGS}, (black hair:1.0), young woman \U0001f600"):
        sequence, pooled, _ = mini.encode_prompt(prompt)
        assert torch.equal(sequence, plain) and torch.equal(pooled, plain_pooled)


def test_a_word_shows_more_the_more_it_weighs(mini: FaceMoGLEPipeline) -> None:
    """A weight that is taken out of the text and then forgotten, or turns the wrong way."""
    label_map = read_mask(ROOT / "assets/templates/long_hair.png").label_map
    brightness = []
    for weight in (0, 0.75, 1, 1.5):
        prompt = f"a young woman, (blond hair:{weight})"
        generator = torch.Generator().manual_seed(1)
        made = mini(prompt, label_map, 2, generator=generator, output_type="np")
        brightness.append(made.images[0][label_map == 13].mean())
    assert brightness == sorted(brightness) and brightness[-1] > brightness[0] + 0.01


def test_tags_alone_are_no_prompt(mini: FaceMoGLEPipeline, label_map: np.ndarray) -> None:
    """Guided from nothing to nothing, the image cost twice the time and was another one."""
    without, tagged = [
        mini(prompt, label_map, 1, generator=torch.Generator().manual_seed(0))
        for prompt in ("", TAGS)
    ]
    assert np.array_equal(np.asarray(without.images[0]), np.asarray(tagged.images[0]))


def test_the_command_says_what_it_does_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long prompt was cut in silence, or the library's own line was all there was."""
    output = ["-o", str(tmp_path / "face.png"), "--steps", "1"]
    assert run("generate", "--prompt", "xyzzy, black hair", *output) == 0
    assert 'they mean nothing to this model: "xyzzy"' in capsys.readouterr().err
    assert run("generate", "--prompt", "hair " * 520, *output, "--size", "32", *TINY) == 0
    assert capsys.readouterr().err.count("reads 512") == 1


def test_a_folder_says_it_once(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each of thousands of masks that share a prompt buries all others."""
    folders = ["--masks", str(masks), "--out", str(tmp_path / "out")]
    asked = ["--prompt", "hair " * 520, "--size", "32", "--steps", "1"]
    assert run("generate-folder", *folders, *asked, *TINY) == 0
    assert capsys.readouterr().err.count("reads 512") == 1
