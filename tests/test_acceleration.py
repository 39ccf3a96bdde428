"""Diffusers' own switches for speed do to the condition stream what they do to FLUX's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import load_tiny_pipeline
from diffusers import PyramidAttentionBroadcastConfig
from diffusers.hooks import FirstBlockCacheConfig
from reference_arrays import FIXTURES

from facemogle.network import streams
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights.loading import load_pipeline

STEPS = 4


@pytest.fixture
def pipeline() -> FaceMoGLEPipeline:
    short = FaceMoGLEPipeline(**load_tiny_pipeline().components, text_length=32)
    short.set_progress_bar_config(disable=True)
    return short


@pytest.fixture
def expected(pipeline, label_map) -> torch.Tensor:
    return latents(pipeline, label_map)


def latents(pipeline: FaceMoGLEPipeline, mask: np.ndarray | None) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    arguments = {"generator": generator, "height": 64, "width": 64, "output_type": "latent"}
    return pipeline("a man", mask, STEPS, **arguments).images


def assert_close(computed: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(computed, expected, rtol=0, atol=1e-4)


def test_fused_projections(pipeline, label_map, expected) -> None:
    """Low-rank terms belong to queries, keys and values one by one, which are one matrix then."""
    without_mask = latents(pipeline, None)
    pipeline.transformer.fuse_qkv_projections()
    transformer = pipeline.transformer
    for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks):
        for name in "qkv":  # what is fused must not be read from where it was
            getattr(block.attn, f"to_{name}").weight.data.fill_(torch.nan)
    assert_close(latents(pipeline, label_map), expected)
    assert_close(latents(pipeline, None), without_mask)


def test_quantised_projections_are_not_fused() -> None:
    folders = FIXTURES / "tiny_flux", FIXTURES / "tiny_face_mogle"
    quantised = load_pipeline(folders[0], face_mogle=folders[1], device="cpu", quantize="int8")
    with pytest.raises(ValueError, match="Int8Tensor cannot be fused"):
        quantised.transformer.fuse_qkv_projections()


def test_blocks_compile_as_a_whole(pipeline, label_map, expected) -> None:
    """A graph break in a block, or a graph per block, would cost what compiling is to gain."""
    torch._dynamo.reset()
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph.forward

    pipeline.transformer.compile_repeated_blocks(backend=count, fullgraph=True)
    assert_close(latents(pipeline, label_map), expected)
    # A double block, the first single block, whose input lies otherwise, the others, the last.
    assert len(graphs) == 4
    torch._dynamo.reset()


def test_attention_backend_is_the_chosen_one(pipeline, label_map, monkeypatch) -> None:
    expected, seen = latents(pipeline, label_map), []
    dispatch = streams.dispatch_attention_fn
    monkeypatch.setattr(
        streams,
        "dispatch_attention_fn",
        lambda *args, **options: seen.append(options["backend"]) or dispatch(*args, **options),
    )
    try:
        pipeline.transformer.set_attention_backend("_native_math")
        assert_close(latents(pipeline, label_map), expected)
    finally:
        # A reset would leave it to the whole process; it switches between kernels for all threads.
        pipeline.transformer.set_attention_backend("native")
    assert {backend.value for backend in seen} == {"_native_math"}


def test_first_block_cache_leaves_out_the_rest(pipeline, label_map, expected) -> None:
    """And starts again with each image: an old one's residuals would shine through."""
    calls: list[int] = []
    block = pipeline.transformer.single_transformer_blocks[0]
    forward = block.forward
    block.forward = lambda *args, **options: calls.append(1) or forward(*args, **options)
    pipeline.transformer.enable_cache(FirstBlockCacheConfig(threshold=0.0))
    assert torch.equal(latents(pipeline, label_map), expected) and len(calls) == STEPS
    pipeline.transformer.disable_cache()
    calls.clear()
    pipeline.transformer.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    first = latents(pipeline, label_map)
    assert len(calls) == 1
    assert torch.equal(latents(pipeline, label_map), first) and len(calls) == 2
    assert not torch.equal(first, expected)


def test_other_caches_are_refused(pipeline) -> None:
    """They would be without effect, and say nothing."""
    with pytest.raises(ValueError, match="PyramidAttentionBroadcastConfig would have no effect"):
        pipeline.transformer.enable_cache(PyramidAttentionBroadcastConfig())
