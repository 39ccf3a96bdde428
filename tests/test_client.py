"""The endpoints do what the page does, name what cannot be used, and stop for callers who left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from photo_scenes import put, room
from PIL import Image
from served import TEMPLATES
from studio import StudioUnderTest, serve_studio
from waiting import until

from facemogle.gate.trace import Trace
from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.ui.studio import MAX_BODY

TEMPLATE = TEMPLATES / "long_hair.png"


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioUnderTest]:
    """The embedded model, whose steps take long enough to leave in between."""
    yield from serve_studio()


@pytest.fixture(scope="module")
def client(studio: StudioUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("downloads")
    client = Client(studio.url, verbose=False, download_files=folder)
    yield client
    client.close()


def test_nothing_else_is_published(client: Client) -> None:
    api: Any = client.view_api(print_info=False, return_format="dict")
    endpoints = api["named_endpoints"]
    assert list(endpoints) == ["/generate", "/edit", "/parse"]
    names = [parameter["parameter_name"] for parameter in endpoints["/generate"]["parameters"]]
    assert names == ["mask", "prompt", "seed", "steps", "mute", "expert_strengths"]


def test_image_and_trace_are_the_pipelines_own(client: Client, studio: StudioUnderTest) -> None:
    seed = 2**53 + 1  # the first whole number that a JSON float would change
    image, path = client.predict(
        mask=handle_file(TEMPLATE), prompt="a face", seed=seed, steps=2, api_name="/generate"
    )
    expected = studio.pipeline(
        "a face",
        read_mask(TEMPLATE).label_map,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(seed),
    )
    assert np.array_equal(np.asarray(Image.open(image)), np.asarray(expected.images[0]))
    trace = Trace.load(path)
    assert np.array_equal(trace.gate_weights, expected.trace.gate_weights)
    assert np.allclose(trace.gate_weights.sum(-1), 1, atol=1e-5)
    assert trace.times[0] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "Steps 0 is out of range"),
        ({"steps": None}, "Steps is None"),
        ({"seed": 2**63}, "Seed 9223372036854775808 is out of range"),
        ({"prompt": "x" * 10_001}, "The prompt has 10001 characters"),
        ({"mask": None}, "There is no mask"),
        ({"mute": "hairs"}, "mute: 'hairs' is unknown; take background, skin"),
        ({"expert_strengths": "hair"}, "'hair' has no number; write hair=2"),
        ({"expert_strengths": "hair=101"}, "has 101.0 for hair"),
    ],
)
def test_wrong_values_are_named(client: Client, change: dict, message: str) -> None:
    arguments = {"mask": handle_file(TEMPLATE), "prompt": "", "seed": 0, "steps": 1, **change}
    with pytest.raises(AppError, match=message):
        client.predict(**arguments, api_name="/generate")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "abc"}, "Seed is 'abc'. Give a whole number"),
        ({"seed": 1.5}, "Seed is 1.5. Give a whole number"),
        ({"steps": 2.5}, "Steps is 2.5. Give a whole number"),
        ({"mask": str(TEMPLATE)}, "with gradio_client as handle_file"),
        ({"mask": 7}, "with gradio_client as handle_file"),
    ],
)
def test_values_of_a_wrong_kind_are_named(client: Client, change: dict, message: str) -> None:
    """They came back as {"error": null}, and a seed of 1.5 made the image of seed 2."""
    arguments = {"mask": handle_file(TEMPLATE), "prompt": "", "seed": 0, "steps": 1, **change}
    with pytest.raises(AppError, match=message):
        client.predict(**arguments, api_name="/generate")


def test_a_file_that_is_no_image_is_named(client: Client, tmp_path: Path) -> None:
    """Gradio reads images before any of this program's code, and told nobody what it found."""
    path = tmp_path / "face.png"
    path.write_text("no image")
    with pytest.raises(AppError, match=r"It is not an image that can be read\. Give a JPEG"):
        client.predict(handle_file(path), "embedded", api_name="/parse")


def test_experts_can_be_muted_and_made_stronger(client: Client, studio: StudioUnderTest) -> None:
    options: Any = {"mute": "hair, l_eye", "expert_strengths": "global=0, hair=2.5"}
    _, path = client.predict(handle_file(TEMPLATE), "", 0, 1, **options, api_name="/generate")
    used = studio.requests[-1].experts
    assert used.muted == (13, 4)
    assert used.strengths == (0.0, *[1.0] * 13, 2.5, *[1.0] * 5)
    assert not Trace.load(path).gate_weights[..., 0].any()


def test_edit_keeps_all_pixels_but_those_of_the_edit(client: Client, tmp_path: Path) -> None:
    side = 256
    before = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    label_map = read_mask(TEMPLATE, size=(side, side)).label_map
    label_map[100:110, 100:110] = 3
    Image.fromarray(before).save(tmp_path / "before.png")
    (tmp_path / "new.png").write_bytes(index_png(label_map))
    after, path = client.predict(
        image=handle_file(tmp_path / "before.png"),
        mask=handle_file(TEMPLATE),
        new_mask=handle_file(tmp_path / "new.png"),
        prompt="",
        seed=0,
        steps=2,
        strength=0.5,
        api_name="/edit",
    )
    same = (np.asarray(Image.open(after)) == before).all(axis=2)
    # The edit's margin, and as much again where it is fitted back into an image of this size.
    assert same[:64].all() and same[146:].all() and not same[104, 104]
    assert len(Trace.load(path).times) == 1


def test_parse_gives_a_mask_of_the_images_size(client: Client, tmp_path: Path) -> None:
    """Gradio would turn an image of indices into colours; a file keeps them."""
    Image.fromarray(put(room((200, 300)), 13, (150, 100), 150, 0)[0]).save(tmp_path / "face.png")
    path = client.predict(image=handle_file(tmp_path / "face.png"), api_name="/parse")
    mask = Image.open(path)
    assert mask.mode == "P" and mask.size == (300, 200)
    labels = read_mask(path).label_map
    assert {1, 2, 13} <= set(labels.flat) and set(labels[:, 0]) == {0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parser": "best"}, "The parser is 'best'"),
        ({"image": None}, "There is no image"),
        ({}, "No face"),
    ],
)
def test_what_cannot_be_parsed_is_named(
    client: Client, tmp_path: Path, change: dict, message: str
) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "face.png")
    arguments = {"image": handle_file(tmp_path / "face.png"), "parser": "embedded", **change}
    with pytest.raises(AppError, match=message):
        client.predict(**arguments, api_name="/parse")


def wait_for_a_step(studio: StudioUnderTest, made: int) -> None:
    until(lambda: studio.steps > made, "for a step")


def test_a_caller_who_hangs_up_frees_the_job(studio: StudioUnderTest, client: Client) -> None:
    """Gradio tells of pages only; the others would wait for an image that nobody fetches."""
    api, before = f"{studio.url}gradio_api", studio.steps
    with TEMPLATE.open("rb") as file:
        (path,) = httpx.post(f"{api}/upload", files={"files": file}).json()
    mask = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = httpx.post(f"{api}/call/generate", json={"data": [mask, "a face", 0, 100]}).json()
    with httpx.stream("GET", f"{api}/call/generate/{call['event_id']}", timeout=60):
        wait_for_a_step(studio, before)
    client.predict(handle_file(TEMPLATE), "", 0, 1, api_name="/generate")  # next in the line
    assert studio.steps - before < 100


def test_a_program_with_gradio_client_that_ends_frees_the_job(
    studio: StudioUnderTest, client: Client, steps
) -> None:
    steps(lambda _: time.sleep(1))  # until the server hears of it, a quarter of a minute later
    before = studio.steps
    leaver = Client(studio.url, verbose=False)
    leaver.submit(handle_file(TEMPLATE), "a face", 0, 100, api_name="/generate")
    wait_for_a_step(studio, before)
    leaver.close()
    client.predict(handle_file(TEMPLATE), "", 0, 1, api_name="/generate")
    assert studio.steps - before < 100


def test_file_that_is_no_mask_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(b"no image")
    with pytest.raises(AppError, match="not an image"):
        client.predict(handle_file(path), "", 0, 1, api_name="/generate")


def test_large_body_is_refused_before_it_is_read(studio: StudioUnderTest) -> None:
    """Gradio itself would take JSON of any size into memory."""
    body = b'{"data": ["' + b"x" * MAX_BODY + b'"]}'
    sized = httpx.post(f"{studio.url}gradio_api/queue/join", content=body)
    chunked = httpx.post(f"{studio.url}gradio_api/queue/join", content=iter([body]))
    assert sized.status_code == chunked.status_code == 413
