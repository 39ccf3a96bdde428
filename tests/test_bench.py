"""The bench measures the parts that an image really consists of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from facemogle.__main__ import main
from facemogle.bench import faces
from facemogle.bench.cli import table
from facemogle.bench.floor import matrix_flops, over_floor
from facemogle.bench.memory import peak_memory
from facemogle.bench.parts import (
    DECODE,
    EDIT,
    FIRST,
    NEAR_EDIT,
    PLAIN,
    PROMPT,
    SECOND,
    STEP,
    STEPS,
    STOCK,
    STOCK_EDIT,
    Parts,
    measure,
    ratios,
)
from facemogle.bench.plain import plain_latents
from facemogle.bench.random_flux import TRANSFORMER, VAE, random_pipeline, random_text
from facemogle.bench.stock import Kept, Stock
from facemogle.network.text import Text
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs import mask_tokens
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights.loading import load_pipeline

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def pipeline() -> FaceMoGLEPipeline:
    tiny = load_pipeline(FIXTURES / "tiny_flux", face_mogle=FIXTURES / "tiny_face_mogle")
    return FaceMoGLEPipeline(**tiny.components, text_length=32)  # text is most of the work


@pytest.fixture
def label_map() -> np.ndarray:
    return np.where(np.arange(64)[:, None] < np.full(64, 40), 13, 1).astype(np.uint8)


def load_mini(**config: Any) -> FaceMoGLEPipeline:
    """The embedded model, let make small images, too. config: in place of its own."""
    mini = load_pipeline("mini")
    mini.register_to_config(fixed_size=False, **config)
    return mini


def test_times_every_part_in_every_repeat(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    parts = Parts(pipeline, label_map, num_steps=1, stock=Stock(pipeline)).all()
    seconds = measure(parts, repeats=2, device=pipeline.device)
    assert list(seconds) == list(parts)
    assert all(len(times) == 2 and min(times) > 0 for times in seconds.values())


def test_the_changed_mask_differs_in_few_images(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every image new, or none, the second image's time would mean nothing."""
    encoded: list[int] = []
    encode = pipeline.vae.encode
    monkeypatch.setattr(pipeline.vae, "encode", lambda x: encoded.append(len(x)) or encode(x))
    parts = Parts(pipeline, label_map, num_steps=1, stock=Stock(pipeline)).all()
    counts = {}
    masks = ("encode mask, no image known", "encode mask, one region changed")
    for name in (*masks, FIRST, SECOND, EDIT, NEAR_EDIT, PLAIN, STOCK, STOCK_EDIT):
        parts[name].prepare()
        encoded.clear()
        parts[name].run()
        counts[name] = sum(encoded)
    # Global, hair, skin, empty; global, hair, hat; and in the other renderings always all.
    assert list(counts.values()) == [4, 3, 4, 3, 3, 3, 20, 20, 20]


def test_the_transformer_step_is_the_one_that_images_are_made_of(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    parts = Parts(pipeline, label_map, num_steps=1)
    with torch.no_grad():
        (velocity,) = parts.all()[STEP].run()
    assert torch.equal(velocity, parts.last_step.velocity)
    # Of a model without a guidance input, some steps have a second row for it.
    guided = load_mini(default_guidance=4.0)
    parts, rows = Parts(guided, label_map, num_steps=8), []
    hook = parts.pipeline.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    parts.all()[STEPS].run()
    hook.remove()
    assert rows == [1, 2, 2, 2, 1, 1, 1, 1]  # as an image's, of which some steps have no guidance


def test_ratios_are_of_medians() -> None:
    seconds = {STEPS: [10.0, 90.0, 9.0], DECODE: [1.0], FIRST: [12.0], SECOND: [6.0]}
    seconds |= {PLAIN: [24.0], EDIT: [8.0], NEAR_EDIT: [4.0], STOCK: [36.0], STOCK_EDIT: [40.0]}
    assert list(ratios(seconds).values()) == [12 / 11, 6 / 11, 0.5, 2, 3, 6, 3, 5]


@pytest.mark.parametrize("model", ["tiny", "mini"])
def test_the_plain_rendering_is_the_same_computation(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray, model: str, monkeypatch
) -> None:
    """A comparison with something that does less, or other work, would be worth nothing."""
    monkeypatch.setattr(mask_tokens, "cpu_multiplies_bfloat16", lambda: False)
    pipeline = pipeline if model == "tiny" else load_mini(default_guidance=4.0)
    noise = torch.randn((1, 16, 64), generator=torch.Generator().manual_seed(0))
    prompts = [PROMPT] if model == "tiny" else [PROMPT, ""]
    text = Text(*pipeline.encode_prompt(prompts)[:2])
    plain = plain_latents(pipeline, label_map, text, noise, num_steps=2)
    height, width = pipeline.image_size((4, 4))
    *_, last = pipeline.stream(PROMPT, label_map, 2, latents=noise, height=height, width=width)
    torch.testing.assert_close(plain, last.latents, rtol=0, atol=2e-4)


def test_stock_pieces_do_the_work_that_is_compared(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """Their transformer has to be the pipeline's in size, its condition beside the image, and their
    edit has to leave alone what it keeps; or the comparison would be with something else.
    """
    parts, stock, seen = Parts(pipeline, label_map, num_steps=2), Stock(pipeline), []
    transformer = stock.transformer
    weight = transformer.x_embedder.base_layer.weight
    assert weight.data_ptr() == pipeline.transformer.x_embedder.weight.data_ptr()
    hook = transformer.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs["hidden_states"].shape), with_kwargs=True
    )
    parts.stock_image(stock)
    hook.remove()
    assert seen == [(1, 2 * 16, 64)] * 2
    noise, tokens = (torch.randn(1, 16, 64) for _ in range(2))
    may_change = torch.zeros(1, 16, 64)
    may_change[:, :4] = 1
    text = Text(*pipeline.encode_prompt(PROMPT)[:2])
    edited = stock.latents(label_map, text, noise, 2, Kept(tokens, may_change))
    assert torch.equal(edited[:, 4:], tokens[:, 4:])
    assert not torch.equal(edited[:, :4], tokens[:, :4])


def test_operations_of_a_step_are_those_of_its_matrices(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """Counted by hand for the tiny FLUX without low-rank terms: 2 per multiply-add."""
    transformer = FaceMoGLETransformer.from_pretrained(FIXTURES / "tiny_flux/transformer")
    config, width = transformer.config, transformer.inner_dim
    text, image = 32, 16
    tokens = text + 2 * image
    options = {
        "hidden_states": torch.zeros(1, image, 64),
        "encoder_hidden_states": torch.zeros(1, text, config["joint_attention_dim"]),
        "pooled_projections": torch.zeros(1, config["pooled_projection_dim"]),
        "timestep": torch.ones(1),
        "guidance": torch.ones(1),
        "img_ids": torch.zeros(image, 3),
        "txt_ids": torch.zeros(text, 3),
        "condition_tokens": torch.zeros(1, image, 64),
    }
    with torch.no_grad():
        counted = matrix_flops(lambda: transformer(**options))
    square, doubles, singles = width**2, config["num_layers"], config["num_single_layers"]
    linear = (doubles + singles) * 12 * square * tokens  # 3 + 1 + 8 and 3 + 4 + 5
    linear -= (1 + 4 + 5) * square * image  # the last block's condition tokens only give and keep
    attention = (doubles + singles) * 2 * width * tokens**2 - 2 * width * image * tokens
    modulation = doubles * (2 + 1) * 6 * square + singles * 2 * 3 * square
    ends = 2 * image * 64 * width + image * width * 64 + 2 * square  # and norm_out
    ends += text * config["joint_attention_dim"] * width
    pooled = config["pooled_projection_dim"] * width + square
    times = 2 * (256 * width + square) + 256 * width + square  # t and 0, guidance
    assert counted == 2 * (linear + attention + modulation + ends + pooled + times)


def test_how_far_from_the_floor() -> None:
    assert over_floor(flops=80, seconds=3.0, rate=40.0) == 1.5


def test_memory_is_counted_at_its_peak() -> None:
    """What is freed before the end was taken all the same."""
    taken = peak_memory(lambda: np.ones(64 * 2**20, np.uint8).max(), torch.device("cpu"))
    assert taken is None or 63 < taken < 200  # where only Linux tells


def test_random_weights_make_a_whole_image(label_map: np.ndarray) -> None:
    """FLUX.1-dev's own size needs a GPU; the code around it must not."""
    smaller = {"num_layers": 1, "num_single_layers": 2, "num_attention_heads": 1}
    vae = {**VAE, "block_out_channels": (32,) * 4}
    pipeline = random_pipeline(torch.device("cpu"), torch.float32, {**TRANSFORMER, **smaller}, vae)
    parts = Parts(pipeline, label_map, num_steps=1, text=random_text(pipeline)).all()
    assert "encode prompt" not in parts
    for name in (STEP, FIRST, NEAR_EDIT):
        parts[name].run()


def test_flux_dev_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--config", "flux-dev", "--device", "cpu"]) == 2
    assert "needs a CUDA GPU with 32 GB, and cpu is not one" in capsys.readouterr().err


def test_options_reach_the_model_and_the_report(
    pipeline: FaceMoGLEPipeline, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small = FaceMoGLEPipeline(**pipeline.components, default_size=64, text_length=32)
    small.save_pretrained(tmp_path)
    model = ["--model", str(tmp_path), "--device", "cpu", "--repeats", "1", "--steps", "2"]
    assert main(["bench", *model, "--fuse", "--first-block-cache", "1000"]) == 0
    said = capsys.readouterr().out
    assert "--fuse --first-block-cache 1000" in said
    assert "error of caching, largest" in said and "plain rendering / edit of one region" in said
    assert "stock pieces / whole image" in said and "at that rate" in said


def test_the_table_is_in_milliseconds() -> None:
    report = {
        "model": "mini",
        "options": ["--fuse"],
        "device": "cpu",
        "threads": 2,
        "torch": "2",
        "size": [256, 128],
        "steps": 10,
        "repeats": 3,
        "seconds": {STEP: {"median": 0.0125, "min": 0.01, "max": 0.02}},
        "ratios": {"second image / first": 0.5},
    }
    text = table(report)
    assert "mini --fuse, 128x256" in text and "2 torch threads" in text
    assert "12.5     10.0     20.0" in text and text.endswith("0.500")


def test_the_parts_of_a_face_make_up_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing that is still under way when its part ends would be booked on the next one."""
    monkeypatch.setattr(faces, "FACES", 2)
    told: list[str] = []

    def render(face: object, done: Callable[[str], None]) -> Any:
        told.append("drawn")
        done("drawing")
        labels = np.ones((16, 16), np.uint8)
        return SimpleNamespace(image=np.zeros((16, 16, 3), np.uint8), labels=labels, bare=None)

    seconds = faces.measure(render, lambda: told.append("finished"), rounds=2)
    assert told[:3] == ["finished", "drawn", "finished"]
    assert list(seconds) == ["attributes", "drawing", "captions and files", faces.WHOLE]
    for number in (0, 1):
        parts = [times[number] for name, times in seconds.items() if name != faces.WHOLE]
        assert sum(parts) == pytest.approx(seconds[faces.WHOLE][number])
    found = faces.report(seconds, "llvmpipe", 256)
    assert found["faces per second and core"] * found["seconds"][faces.WHOLE][
        "median"
    ] == pytest.approx(1)
    assert "faces per second and core" in faces.table(found)
