"""Words and seeds on the page: what the model reads, and which of several faces is taken."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
import torch
from playwright.sync_api import Page, expect
from served import ROOT
from studio import StudioUnderTest, serve_studio, short
from transformers import AutoTokenizer
from visitor import FOREHEAD, PATIENCE, drag, generate, take

from facemogle.network.tokens import pack
from facemogle.pipeline import FaceMoGLEPipeline


@pytest.fixture(scope="module")
def studio(pipeline: FaceMoGLEPipeline) -> Iterator[StudioUnderTest]:
    """The tiny model, which reads the words of mini only."""
    small = AutoTokenizer.from_pretrained(ROOT / "checkpoints/mini/tokenizer_2")
    encoder = deepcopy(pipeline.components["text_encoder_2"])
    encoder.resize_token_embeddings(len(small))
    components = {**pipeline.components, "tokenizer_2": small, "text_encoder_2": encoder}
    yield from serve_studio(short(FaceMoGLEPipeline(**components), steps=2))


def test_words_that_the_model_does_not_read_are_marked_and_led_on(page: Page) -> None:
    """They were told of after the image was made, in a notice that moved the page."""
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("a woman, black hiar, open mouth, zebra")
    expect(page.locator(".marked u")).to_have_text(["black hiar", "zebra"])
    page.get_by_role("button", name="“black hiar” → black hair").click()
    expect(prompt).to_have_value("a woman, black hair, open mouth, zebra")
    expect(page.locator(".marked u")).to_have_text(["zebra"])
    paint = page.get_by_role("button", name="paint it: Mouth")
    paint.click()
    expect(page.get_by_role("radio", name="Mouth", exact=True)).to_be_checked()
    drag(page, (240, 420), (270, 420))
    expect(paint).to_be_hidden()  # it is done


def test_words_given_at_a_layer_are_put_into_the_prompt(page: Page) -> None:
    prompt = page.get_by_role("textbox", name="Prompt")
    words = page.get_by_role("textbox", name="Words for this region")
    take(page, "Hair")
    expect(words).to_have_value("long straight blond")
    words.fill("red, curly")
    expect(prompt).to_have_value("a young woman with fair skin, red curly hair")
    take(page, "Skin")
    expect(words).to_have_value("fair")
    take(page, "Nose")
    expect(words).to_be_disabled()  # mini has no word for it


def test_one_of_four_faces_is_taken_with_its_seed(page: Page, studio: StudioUnderTest) -> None:
    """A choice that the next edit does not start from would be another face again."""
    page.get_by_role("textbox", name="Steps").fill("1")
    page.get_by_role("button", name="Four at once").click()
    faces = page.get_by_role("button", name="Take face")
    expect(faces).to_have_count(4, timeout=PATIENCE)
    asked = studio.requests[-4:]
    assert len({request.noise for request in asked}) == 4
    chosen = faces.first.locator("img").get_attribute("src")
    faces.first.click(position={"x": 40, "y": 20})  # a button lay there, which took none of them
    image = page.get_by_alt_text("Generated face")
    expect(image).to_have_attribute("src", chosen or "")
    expect(page.get_by_role("textbox", name="Seed")).to_have_value(str(asked[0].noise))
    expect(page.locator(".strip button")).to_have_count(4)  # the other three were lost

    take(page, "Hat")
    drag(page, *FOREHEAD)
    generate(page, steps=1)
    edit = studio.requests[-1]
    rows, columns = asked[0].grid
    assert isinstance(asked[0].noise, int)
    draw = torch.Generator().manual_seed(asked[0].noise)
    noise = pack(torch.randn(1, 16, 2 * rows, 2 * columns, generator=draw))
    assert edit.change is not None
    assert torch.allclose(edit.change.before.latents[:1], noise, atol=1e-4)

    edited = image.get_attribute("src")
    page.get_by_role("button", name="Four at once").click()
    page.get_by_role("button", name="Back to my image").click()
    expect(image).to_have_attribute("src", edited or "")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
