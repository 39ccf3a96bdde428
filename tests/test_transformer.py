from __future__ import annotations

import json
import threading

import pytest
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from reference_arrays import FIXTURES, load_case
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from facemogle.transformer import FaceMoGLETransformer

FLUX = FIXTURES / "tiny_flux" / "transformer"
FACE_MOGLE = FIXTURES / "tiny_face_mogle"
LORA = FACE_MOGLE / "pytorch_lora_weights.safetensors"


def load_transformer(lora: bool = True) -> FaceMoGLETransformer:
    transformer = FaceMoGLETransformer.from_pretrained(FLUX)
    if lora:
        transformer.load_condition_lora(FACE_MOGLE)
    return transformer.eval()


@pytest.fixture(scope="module")
def transformer() -> FaceMoGLETransformer:
    return load_transformer()


@pytest.fixture(scope="module")
def unit() -> dict[str, Tensor]:
    case = load_case("unit_transformer.npz")
    return {name: torch.from_numpy(array) for name, array in case.items()}


@pytest.fixture(scope="module")
def inputs(unit: dict[str, Tensor]) -> dict[str, Tensor]:
    names = "hidden_states encoder_hidden_states pooled_projections timestep guidance"
    return {name: unit[name] for name in [*names.split(), "img_ids", "txt_ids"]}


def assert_close(computed: Tensor, stored: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(computed, stored, rtol=0, atol=tolerance)


@torch.no_grad()
def test_untrained_low_rank_terms_change_nothing(inputs, unit) -> None:
    plain, untrained = load_transformer(lora=False), load_transformer(lora=False)
    untrained.add_condition_lora(4)
    arguments = {**inputs, "condition_tokens": unit["condition_latents"]}
    assert torch.equal(untrained(**arguments).sample, plain(**arguments).sample)


@torch.no_grad()
def test_without_condition_tokens_it_is_stock_flux_bit_for_bit(transformer, inputs, unit) -> None:
    """The low-rank terms belong to the condition stream: image and text tokens never meet them."""
    stock = FluxTransformer2DModel.from_pretrained(FLUX).eval()
    output = transformer(**inputs)
    assert torch.equal(output.sample, stock(**inputs).sample)
    # Stock FLUX itself differs by 1e-4 between CPUs, whose float32 exp differ.
    assert_close(output.sample, unit["noise_pred_no_condition"], 3e-4)


@torch.no_grad()
def test_rows_of_a_batch_do_not_mix(transformer, inputs, unit) -> None:
    """Streams are joined and split along tokens: a slip there reads another row's."""
    tokens = unit["condition_latents"]
    both = transformer(**inputs, condition_tokens=tokens).sample
    for row in range(2):
        one = {k: v if k.endswith("_ids") else v[row : row + 1] for k, v in inputs.items()}
        alone = transformer(**one, condition_tokens=tokens[row : row + 1]).sample
        assert_close(both[row], alone[0], 2e-5)


@torch.no_grad()
def test_positions_need_not_be_whole_numbers(transformer, inputs, unit) -> None:
    """Training at a small size places tokens between the large size's."""
    halved = {**inputs, "img_ids": inputs["img_ids"] / 2}
    output = transformer(**halved, condition_tokens=unit["condition_latents"]).sample
    rounded = {**inputs, "img_ids": (inputs["img_ids"] / 2).floor()}
    other = transformer(**rounded, condition_tokens=unit["condition_latents"]).sample
    assert (output - other).abs().max() > 1e-3


def gradients(transformer: FaceMoGLETransformer, arguments) -> dict[str, Tensor]:
    transformer.zero_grad()
    transformer(**arguments).sample.square().mean().backward()
    return {n: p.grad.clone() for n, p in transformer.named_parameters() if p.grad is not None}


def test_gradients_reach_everything_that_the_velocity_depends_on(inputs, unit) -> None:
    transformer = load_transformer()
    tokens = unit["condition_latents"].clone().requires_grad_()
    found = gradients(transformer, {**inputs, "condition_tokens": tokens})
    without = {name for name, _ in transformer.named_parameters()} - found.keys()
    # Nothing reads the condition tokens after the last block, so it makes only keys and values.
    unused = ("attn__to_q", "proj_mlp", "proj_out")
    last = "condition_lora.single_transformer_blocks__2__"
    assert without == {f"{last}{u}.lora_{ab}.weight" for u in unused for ab in "AB"}
    assert tokens.grad is not None and tokens.grad.abs().sum() > 0


def test_gradient_checkpointing_gives_the_same_gradients(inputs, unit) -> None:
    transformer = load_transformer()
    arguments = {**inputs, "condition_tokens": unit["condition_latents"]}
    expected = gradients(transformer, arguments)
    transformer.enable_gradient_checkpointing()
    actual = gradients(transformer, arguments)
    assert expected.keys() == actual.keys()
    for name, gradient in expected.items():
        assert_close(actual[name], gradient, 1e-6)


@torch.no_grad()
def test_threads_do_not_disturb_each_other(transformer, inputs, unit) -> None:
    """The reference switches its LoRA on and off in shared layers: wrong in every such call."""
    with_condition = {**inputs, "condition_tokens": unit["condition_latents"]}
    expected = [transformer(**with_condition).sample, transformer(**inputs).sample]
    wrong = []

    def work(arguments, result: Tensor) -> None:
        with torch.no_grad():
            for _ in range(5):
                if not torch.equal(transformer(**arguments).sample, result):
                    wrong.append(arguments.keys())

    pairs = list(zip((with_condition, inputs), expected, strict=True)) * 2
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_low_rank_terms_survive_a_folder(transformer, inputs, unit, tmp_path) -> None:
    transformer.save_pretrained(tmp_path)
    loaded = FaceMoGLETransformer.from_pretrained(tmp_path).eval()
    assert loaded.config["lora_rank"] == 4
    arguments = {**inputs, "condition_tokens": unit["condition_latents"]}
    with torch.no_grad():
        assert torch.equal(loaded(**arguments).sample, transformer(**arguments).sample)


def test_low_rank_terms_survive_the_published_layout(transformer, tmp_path) -> None:
    path = transformer.save_condition_lora(tmp_path)
    written, published = load_file(path), load_file(LORA)
    assert written.keys() == published.keys()
    assert all(torch.equal(written[name], published[name]) for name in published)


def test_alpha_scales_and_is_kept(inputs, unit, tmp_path) -> None:
    """A LoRA trained with alpha other than its rank must not silently lose its scale."""
    transformer = load_transformer(lora=False)
    transformer.add_condition_lora(4, alpha=8.0)
    transformer.condition_lora.load_official_state_dict(load_file(LORA))
    path = transformer.save_condition_lora(tmp_path)
    with safe_open(path, framework="pt") as file:
        kept = json.loads(file.metadata()["lora_adapter_metadata"])
    assert kept["transformer.lora_alpha"] == 8.0

    doubled = {n: 2 * t if "lora_B" in n else t for n, t in load_file(LORA).items()}
    save_file(doubled, tmp_path / "doubled.safetensors")
    reloaded, expected = load_transformer(lora=False), load_transformer(lora=False)
    reloaded.load_condition_lora(path)
    expected.load_condition_lora(tmp_path / "doubled.safetensors")
    arguments = {**inputs, "condition_tokens": unit["condition_latents"]}
    with torch.no_grad():
        assert_close(reloaded(**arguments).sample, expected(**arguments).sample, 1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("transformer.x_embedder.lora_A.weight"), "lacks 1 tensor,"),
        (lambda tensors: tensors.update(other=torch.zeros(1)), "has unknown 1 tensor,"),
        (
            lambda tensors: tensors.update(
                {"transformer.x_embedder.lora_A.weight": torch.zeros(4, 32)}
            ),
            "another base model",
        ),
    ],
)
def test_a_lora_of_another_model_is_refused(change, message, tmp_path) -> None:
    tensors = load_file(LORA)
    change(tensors)
    save_file(tensors, tmp_path / "pytorch_lora_weights.safetensors")
    with pytest.raises(ValueError, match=message):
        load_transformer(lora=False).load_condition_lora(tmp_path)


def test_stock_arguments_are_refused_with_condition_tokens(transformer, inputs, unit) -> None:
    """Rather than ignored: they would have no effect."""
    with pytest.raises(ValueError, match="controlnet_block_samples"):
        transformer(
            **inputs,
            condition_tokens=unit["condition_latents"],
            controlnet_block_samples=[torch.zeros(1)],
        )
