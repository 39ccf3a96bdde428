"""A quantised base makes nearly the same images, and leaves the condition stream's part alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from reference_arrays import FIXTURES

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights import fitting
from facemogle.weights.loading import CheckpointError, load_pipeline

FLUX, FACE_MOGLE = FIXTURES / "tiny_flux", FIXTURES / "tiny_face_mogle"


def image(pipeline: FaceMoGLEPipeline, mask: np.ndarray | None) -> np.ndarray:
    short = FaceMoGLEPipeline(**pipeline.components, text_length=32)
    short.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    arguments: Any = {"generator": generator, "height": 64, "width": 64, "output_type": "np"}
    return short("a man", mask, 4, **arguments).images


@pytest.mark.parametrize(("kind", "most"), [("int8", 0.03), ("fp8", 0.15)])
def test_a_quantised_base_changes_little(pipeline, label_map, kind, most) -> None:
    """Quantising the low-rank terms too, or the condition stream alone, would go unnoticed."""
    quantised = load_pipeline(FLUX, face_mogle=FACE_MOGLE, device="cpu", quantize=kind)
    block = quantised.transformer.get_submodule("single_transformer_blocks.0")
    attention = quantised.text_encoder_2.get_submodule("encoder.block.0.layer.0.SelfAttention.q")
    linears = [block.get_submodule(name) for name in ("attn.to_q", "proj_mlp")]
    for linear in (*linears, attention):
        assert type(linear.weight).__module__.startswith("torchao")
    expected = pipeline.transformer.condition_lora.state_dict()
    for name, tensor in quantised.transformer.condition_lora.state_dict().items():
        assert type(tensor) is torch.Tensor and torch.equal(tensor, expected[name])
    for mask in (label_map, None):
        change = np.abs(image(quantised, mask) - image(pipeline, mask))
        assert 0 < change.max() < most


def test_our_own_folder_quantised_keeps_its_low_rank_terms(pipeline, label_map, tmp_path) -> None:
    """There they lie in one file with the base's weights."""
    pipeline.save_pretrained(tmp_path)
    quantised = load_pipeline(tmp_path, device="cpu", quantize="int8")
    terms = quantised.transformer.condition_lora.state_dict()
    assert terms and all(type(tensor) is torch.Tensor for tensor in terms.values())
    assert np.abs(image(quantised, label_map) - image(pipeline, label_map)).max() < 0.03


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quantize": "int3"}, "quantize: 'int3' is unknown; take nf4, int8, fp8"),
        ({"quantize": "nf4"}, "nf4 is made on a GPU, and the device is cpu"),
        ({"offload": "model"}, "offload is model.*but the device is cpu"),
        ({"offload": "disk"}, "offload: 'disk' is unknown"),
        ({"compat": "paper"}, "compat: 'paper' is unknown; take reference-inference"),
    ],
)
def test_what_cannot_be_is_said_before_weights_are_read(arguments, message, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda name: name)
    with pytest.raises(CheckpointError, match=message):
        load_pipeline("nowhere", device="cpu", **arguments)


def test_a_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    kinds: Any = {"nf4": "bitsandbytes", "fp8": "torchao"}
    for kind, package in kinds.items():
        with pytest.raises(CheckpointError, match=f"package {package}.*requirements-quantize"):
            load_pipeline(FLUX, face_mogle=FACE_MOGLE, device="cpu", quantize=kind)


def test_reference_inference_is_a_choice_at_loading(pipeline, label_map) -> None:
    """Images comparable with the authors' must not need a change of the program."""
    chosen = load_pipeline(FLUX, face_mogle=FACE_MOGLE, device="cpu", compat="reference-inference")
    assert chosen.mogle.config["time_scale"] == chosen.mogle.gating.time_scale == 1000
    steps: Any = {"num_inference_steps": 1, "height": 64, "width": 64}
    noise = torch.zeros(1, 16, 64)
    made = next(chosen.stream("", label_map, latents=noise, **steps))
    expected = next(pipeline.stream("", label_map, latents=noise, local_masks="empty", **steps))
    assert torch.equal(made.velocity, expected.velocity)
    own = next(chosen.stream("", label_map, latents=noise, local_masks="regions", **steps))
    assert not torch.equal(own.velocity, made.velocity)
