"""What makes a large model fit: weights of 8 or 4 bits, and weights that wait off the GPU.

Both go through diffusers' own means. Quantised are the linear layers of the transformer and of T5,
which are all but 1 % of FLUX.1-dev. The condition stream's low-rank terms are modules beside these
layers: they keep their precision, and condition and image tokens still go through one and the same
quantised weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal

import torch
from diffusers.hooks import apply_group_offloading
from diffusers.quantizers import PipelineQuantizationConfig

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights.errors import CheckpointError

Quantisation = Literal["nf4", "int8", "fp8"]
"""Of weights. nf4: 4-bit NormalFloat (arXiv 2305.14314), bitsandbytes. int8, fp8: torchao."""

Offload = Literal["model", "group", "sequential"]
"""What is on the GPU at a time: a model, a block of one, or a layer."""

PACKAGES: Mapping[Quantisation, str] = {
    "nf4": "bitsandbytes",
    "int8": "torchao",
    "fp8": "torchao",
}
KEPT = ["condition_lora"]
"""What is not quantised in the transformer."""


def quantisation_config(
    kind: Quantisation, device: torch.device, dtype: torch.dtype
) -> PipelineQuantizationConfig:
    """The configuration for `from_pretrained`. dtype: of the arithmetic.

    Raises CheckpointError if the package is not installed or the device not fit.
    """
    package = PACKAGES[kind]
    if find_spec(package) is None:
        raise CheckpointError(
            f"{kind} needs the package {package}, which is not installed: pip install -r "
            "requirements-quantize.txt"
        )
    if kind == "nf4" and device.type == "cpu":
        raise CheckpointError(
            "nf4 is made on a GPU, and the device is cpu. Take int8 or fp8, or a CUDA device."
        )
    transformer, text_encoder = _nf4(dtype) if kind == "nf4" else _torchao(kind)
    return PipelineQuantizationConfig(
        quant_mapping={"transformer": transformer, "text_encoder_2": text_encoder}
    )


def offload(pipeline: FaceMoGLEPipeline, device: torch.device, kind: Offload) -> None:
    """Let weights wait in main memory until `device` needs them. Then one caller at a time."""
    if kind == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif kind == "sequential":
        pipeline.enable_sequential_cpu_offload(device=device)
    else:
        # Streams copy the next block while one is at work. Of T5, the blocks lie too deep for
        # diffusers to find them, so its layers come one by one.
        options: Any = {"onload_device": device, "use_stream": device.type == "cuda"}
        blocks = {"offload_type": "block_level", "num_blocks_per_group": 1}
        pipeline.transformer.enable_group_offload(**blocks, **options)
        small: list[Any] = [pipeline.vae, pipeline.mogle]
        if pipeline.text_encoder_2 is not None:  # else text comes as features
            small.append(pipeline.text_encoder)
            apply_group_offloading(pipeline.text_encoder_2, offload_type="leaf_level", **options)
        for model in small:
            model.to(device)


def _nf4(dtype: torch.dtype) -> tuple[Any, Any]:
    import diffusers
    import transformers

    options: Any = {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_compute_dtype": dtype,
    }
    return (
        diffusers.BitsAndBytesConfig(llm_int8_skip_modules=KEPT, **options),
        transformers.BitsAndBytesConfig(**options),
    )


def _torchao(kind: Quantisation) -> tuple[Any, Any]:
    import diffusers
    import transformers
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig

    weights = Int8WeightOnlyConfig() if kind == "int8" else Float8WeightOnlyConfig()
    return (
        diffusers.TorchAoConfig(weights, modules_to_not_convert=KEPT),
        transformers.TorchAoConfig(weights),
    )
