"""LoRAs of the base model through diffusers' loader, beside the condition stream's own terms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from reference_arrays import FIXTURES
from safetensors.torch import load_file, save_file

from facemogle.pipeline import FaceMoGLEPipeline

LORA_FILE = "pytorch_lora_weights.safetensors"
CONDITION_LORA = FIXTURES / "tiny_face_mogle"
RANK = 3
SIDE = 64
LAYERS = (
    "x_embedder",  # an adapter library may find the condition stream's term by this name too
    "context_embedder",
    "time_text_embed.timestep_embedder.linear_1",
    "transformer_blocks.0.norm1.linear",
    "transformer_blocks.1.norm1_context.linear",
    "transformer_blocks.1.attn.to_q",
    "transformer_blocks.1.attn.add_k_proj",
    "transformer_blocks.0.attn.to_out.0",
    "transformer_blocks.0.attn.to_add_out",
    "transformer_blocks.0.ff.net.0.proj",
    "transformer_blocks.1.ff_context.net.2",
    "single_transformer_blocks.2.attn.to_v",
    "single_transformer_blocks.0.proj_mlp",
    "single_transformer_blocks.1.proj_out",
    "proj_out",
)
IN_CLIP = "text_model.encoder.layers.0.self_attn.q_proj"

Tensors = dict[str, torch.Tensor]


def base_lora(pipeline: Any, layers: tuple[str, ...] = LAYERS, clip: bool = False) -> Tensors:
    """Random terms of the base model in the layout that diffusers saves."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    wanted = [(f"transformer.{path}", pipeline.transformer.get_submodule(path)) for path in layers]
    if clip:
        q_proj = next(m for n, m in pipeline.text_encoder.named_modules() if n.endswith("q_proj"))
        wanted.append((f"text_encoder.{IN_CLIP}", q_proj))
    for name, linear in wanted:
        width = {"A": (RANK, linear.in_features), "B": (linear.out_features, RANK)}
        for matrix, shape in width.items():
            tensors[f"{name}.lora_{matrix}.weight"] = torch.randn(shape, generator=generator) / 4
    return tensors


@pytest.fixture
def folder(own_pipeline: FaceMoGLEPipeline, tmp_path: Path) -> Path:
    save_file(base_lora(own_pipeline), tmp_path / "style.safetensors")
    return tmp_path


def latents(pipeline: Any, mask: Any = None, prompt: str = "a man") -> torch.Tensor:
    options = {} if mask is None else {"mask": mask}
    return pipeline(
        prompt,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(0),
        height=SIDE,
        width=SIDE,
        max_sequence_length=32,
        output_type="latent",
        **options,
    ).images


def load(pipeline: Any, folder: Path, name: str = "style") -> None:
    pipeline.load_lora_weights(folder, weight_name=f"{name}.safetensors", adapter_name=name)


@pytest.mark.parametrize("clip", [False, True], ids=["transformer", "CLIP too"])
def test_without_a_mask_a_lora_acts_as_in_flux_bit_for_bit(own_pipeline, tmp_path, clip) -> None:
    stock: Any = FluxPipeline.from_pretrained(FIXTURES / "tiny_flux")
    stock.set_progress_bar_config(disable=True)
    save_file(base_lora(own_pipeline, clip=clip), tmp_path / "style.safetensors")
    plain = latents(own_pipeline)
    for pipeline in (stock, own_pipeline):
        load(pipeline, tmp_path)
    changed = latents(own_pipeline)
    assert torch.equal(changed, latents(stock)) and not torch.allclose(changed, plain, atol=1e-3)
    for pipeline in (stock, own_pipeline):
        pipeline.set_adapters("style", adapter_weights=0.5)
    halved = latents(own_pipeline)
    assert torch.equal(halved, latents(stock)) and not torch.allclose(halved, changed, atol=1e-3)
    own_pipeline.disable_lora()
    assert torch.equal(latents(own_pipeline), plain)
    own_pipeline.enable_lora()
    own_pipeline.unload_lora_weights()
    assert torch.equal(latents(own_pipeline), plain)


@pytest.mark.parametrize("layer", LAYERS)
def test_with_a_mask_each_layers_terms_act_and_go_without_a_trace(
    own_pipeline, label_map, tmp_path, layer
) -> None:
    plain = latents(own_pipeline, label_map)
    terms = own_pipeline.transformer.condition_lora
    own_terms = {name: tensor.clone() for name, tensor in terms.official_state_dict().items()}
    save_file(base_lora(own_pipeline, (layer,)), tmp_path / "style.safetensors")
    load(own_pipeline, tmp_path)
    assert not torch.equal(latents(own_pipeline, label_map), plain)
    kept = terms.official_state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in own_terms.items())
    own_pipeline.unload_lora_weights()
    assert torch.equal(latents(own_pipeline, label_map), plain)


def test_condition_tokens_pass_the_loras_terms_too(own_pipeline, label_map, folder) -> None:
    """Terms fused into the shared weights act on all streams; loaded ones must do the same."""
    load(own_pipeline, folder)
    loaded = latents(own_pipeline, label_map)
    own_pipeline.fuse_lora()
    torch.testing.assert_close(latents(own_pipeline, label_map), loaded, rtol=0, atol=1e-4)
    own_pipeline.unload_lora_weights()
    torch.testing.assert_close(latents(own_pipeline, label_map), loaded, rtol=0, atol=1e-4)


def test_features_of_a_prompt_follow_what_clip_has_learnt(own_pipeline, tmp_path) -> None:
    """Features of earlier prompts are cached: those of other weights are others."""
    clip = {n: t for n, t in base_lora(own_pipeline, clip=True).items() if "text_encoder" in n}
    save_file(clip, tmp_path / "words.safetensors")

    def pooled() -> torch.Tensor:
        return own_pipeline.encode_prompt("a man")[1]

    plain = pooled()
    load(own_pipeline, tmp_path, "words")
    changed = pooled()
    assert not torch.equal(changed, plain)
    own_pipeline.unload_lora_weights()
    assert torch.equal(pooled(), plain)
    load(own_pipeline, tmp_path, "words")
    own_pipeline.fuse_lora(components=["text_encoder"])
    own_pipeline.unload_lora_weights()
    torch.testing.assert_close(pooled(), changed)


def test_condition_terms_are_loaded_beside_a_lora(own_pipeline, label_map, folder) -> None:
    load(own_pipeline, folder)
    expected = latents(own_pipeline, label_map)
    own_pipeline.load_condition_lora(CONDITION_LORA)
    torch.testing.assert_close(latents(own_pipeline, label_map), expected, rtol=0, atol=1e-5)


def of_the_condition(tensors: Tensors) -> Tensors:
    return load_file(CONDITION_LORA / LORA_FILE)


def wider(tensors: Tensors) -> Tensors:
    name = "transformer.x_embedder.lora_A.weight"
    return {**tensors, name: torch.zeros(RANK, 128)}


def of_more_blocks(tensors: Tensors) -> Tensors:
    return {n.replace("blocks.1.", "blocks.18."): tensor for n, tensor in tensors.items()}


def of_another_kind(tensors: Tensors) -> Tensors:
    return {f"unet.{n}": tensor for n, tensor in tensors.items()}


def of_a_broken_clip(tensors: Tensors) -> Tensors:
    broken = {f"text_encoder.{IN_CLIP}.lora_{m}.weight": torch.zeros(5, 5) for m in "AB"}
    return {**tensors, **broken}


REFUSED_BASE = [
    (of_the_condition, "own terms of a Face-MoGLE model.*load_condition_lora"),
    (wider, r"x_embedder.lora_A.weight has shape \(3, 128\).*another base model"),
    (of_more_blocks, r"blocks\.18\..*no such linear layer.*another base model"),
    (of_another_kind, "None of the file's 30 tensors, e.g. unet"),
    (of_a_broken_clip, ""),
]


@pytest.mark.parametrize("has_another", [False, True], ids=["first", "second"])
@pytest.mark.parametrize(("spoil", "message"), REFUSED_BASE)
def test_a_refused_lora_changes_nothing(
    own_pipeline, label_map, folder, has_another, spoil, message
) -> None:
    """Diffusers would widen the model's layers for one, and load nothing of another in silence."""
    if has_another:
        load(own_pipeline, folder)
    before, names = latents(own_pipeline, label_map), own_pipeline.get_list_adapters()
    weights = {n: tuple(t.shape) for n, t in own_pipeline.transformer.state_dict().items()}
    save_file(spoil(load_file(folder / "style.safetensors")), folder / "wrong.safetensors")
    with pytest.raises((ValueError, RuntimeError), match=message):
        load(own_pipeline, folder, "wrong")
    assert own_pipeline.get_list_adapters() == names
    assert {n: tuple(t.shape) for n, t in own_pipeline.transformer.state_dict().items()} == weights
    assert torch.equal(latents(own_pipeline, label_map), before)


def test_a_damaged_lora_is_refused(own_pipeline, folder) -> None:
    (folder / "wrong.safetensors").write_bytes(b"no tensors at all")
    with pytest.raises(ValueError, match=r"wrong.safetensors|damaged"):
        own_pipeline.load_lora_weights(folder / "wrong.safetensors")


def test_a_pickled_lora_is_not_opened(own_pipeline, tmp_path) -> None:
    torch.save(base_lora(own_pipeline), tmp_path / "pytorch_lora_weights.bin")
    with pytest.raises(ValueError, match=r"give a \.safetensors file"):
        own_pipeline.load_lora_weights(tmp_path, weight_name="pytorch_lora_weights.bin")
    with pytest.raises(OSError):
        own_pipeline.load_lora_weights(tmp_path)


def of_rank_two_and_four(tensors: Tensors) -> None:
    tensors["transformer.x_embedder.lora_A.weight"] = torch.zeros(2, 64)


def of_a_base_model(tensors: Tensors) -> None:
    """A LoRA of some of the layers, as people train for FLUX."""
    for name in list(tensors):
        if ".attn." not in name:
            del tensors[name]


def of_a_wider_model(tensors: Tensors) -> None:
    for name, tensor in tensors.items():
        tensors[name] = torch.zeros(tensor.shape[0], 128) if "lora_A" in name else tensor


def of_nothing(tensors: Tensors) -> None:
    tensors.clear()
    tensors["weight"] = torch.zeros(3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (of_rank_two_and_four, r"the ranks \[2, 4\]"),
        (of_a_base_model, "lacks .*A LoRA of the base model is loaded with load_lora_weights"),
        (of_a_wider_model, r"has shape .* 128\).*another base model"),
        (of_nothing, r"the ranks \[\].*load_lora_weights"),
        (None, "damaged or no safetensors file"),
    ],
)
def test_a_refused_file_leaves_the_condition_streams_terms(
    own_pipeline, label_map, tmp_path, spoil: Callable[[Tensors], None] | None, message: str
) -> None:
    """The trained terms were zeroed before the check, and every later image differed."""
    before = latents(own_pipeline, label_map)
    config = json.dumps(dict(own_pipeline.transformer.config), default=str)
    path = tmp_path / LORA_FILE
    if spoil is None:
        path.write_bytes(np.arange(1000).tobytes())
    else:
        tensors = load_file(CONDITION_LORA / LORA_FILE)
        spoil(tensors)
        save_file(tensors, path)
    with pytest.raises(ValueError, match=message):
        own_pipeline.load_condition_lora(tmp_path)
    assert torch.equal(latents(own_pipeline, label_map), before)
    assert json.dumps(dict(own_pipeline.transformer.config), default=str) == config


def test_fused_projections_and_a_lora_do_not_mix_in_silence(own_pipeline, folder) -> None:
    """The fused matrices would not have the LoRA's terms."""
    load(own_pipeline, folder)
    with pytest.raises(ValueError, match="fuse_lora"):
        own_pipeline.transformer.fuse_qkv_projections()
    own_pipeline.unload_lora_weights()
    own_pipeline.transformer.fuse_qkv_projections()
    with pytest.raises(ValueError, match="unfuse_qkv_projections"):
        load(own_pipeline, folder)
