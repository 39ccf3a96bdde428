"""What a diffusers user knows from FluxPipeline works here too."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from diffusers.callbacks import SDCFGCutoffCallback

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.denoising import NotFiniteError
from facemogle.transformer import FaceMoGLETransformer

SIDE = 64


@pytest.fixture
def two_passes(own_pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny model without FLUX.1-dev's input for guidance, as mini is."""
    before = own_pipeline.transformer
    config = {**before.config, "guidance_embeds": False}
    transformer = cast(FaceMoGLETransformer, FaceMoGLETransformer.from_config(config))
    transformer.load_state_dict(before.state_dict(), strict=False)
    own_pipeline.register_modules(transformer=transformer)
    own_pipeline.set_progress_bar_config(disable=True)
    return own_pipeline


def latents(pipeline: FaceMoGLEPipeline, prompt: Any = "", **options: Any) -> torch.Tensor:
    options = {"height": SIDE, "width": SIDE, "output_type": "latent", **options}
    generator = torch.Generator().manual_seed(0)
    return pipeline(prompt, num_inference_steps=4, generator=generator, **options).images


def rows_of(pipeline: FaceMoGLEPipeline, **options: Any) -> list[int]:
    """Predictions of every step."""
    rows: list[int] = []
    hook = pipeline.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    latents(pipeline, "a man", guidance_scale=4.0, **options)
    hook.remove()
    return rows


def test_embeddings_are_guided_as_their_prompt_is(two_passes) -> None:
    """They lost classifier-free guidance without a word: scales 1, 4 and 8 gave one image."""
    embeds, pooled, ids = two_passes.encode_prompt("a man")
    assert embeds.shape[:2] == (1, len(ids)) and pooled.ndim == 2 and ids.shape[1] == 3
    for scale in (1.0, 4.0):
        given = {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}
        made = latents(two_passes, guidance_scale=scale, **given)
        assert torch.equal(made, latents(two_passes, "a man", guidance_scale=scale))


def test_lists_of_prompts_are_encoded_as_one_by_one(pipeline) -> None:
    embeds, pooled, _ = pipeline.encode_prompt(["a man", "a woman"], num_images_per_prompt=2)
    for row, prompt in enumerate(["a man", "a man", "a woman", "a woman"]):
        alone, alone_pooled, _ = pipeline.encode_prompt(prompt)
        assert torch.equal(embeds[row], alone[0]) and torch.equal(pooled[row], alone_pooled[0])


def test_a_negative_prompt_leads_away(two_passes) -> None:
    """v = v_negative + s (v - v_negative): of the prompt itself it changes nothing."""
    plain = latents(two_passes, "a man", guidance_scale=1.0)
    itself = latents(two_passes, "a man", negative_prompt="a man", guidance_scale=3.0)
    torch.testing.assert_close(itself, plain, rtol=0, atol=1e-4)
    empty = latents(two_passes, "a man", guidance_scale=3.0)
    assert torch.equal(empty, latents(two_passes, "a man", negative_prompt="", guidance_scale=3.0))
    other = latents(two_passes, "a man", negative_prompt="a woman", guidance_scale=3.0)
    assert not torch.allclose(other, empty, atol=1e-3)


def test_true_cfg_is_for_models_with_an_input_for_guidance(pipeline) -> None:
    """As in FluxPipeline, it takes a negative prompt."""
    plain = latents(pipeline, "a man", true_cfg_scale=2.0)
    assert torch.equal(plain, latents(pipeline, "a man"))
    guided = latents(pipeline, "a man", true_cfg_scale=2.0, negative_prompt="a woman")
    assert not torch.allclose(guided, plain, atol=1e-3)


def test_t5_reads_the_second_prompt(pipeline) -> None:
    both = latents(pipeline, "a man", prompt_2="a woman")
    clip, t5 = pipeline.encode_prompt("a man")[1], pipeline.encode_prompt("a woman")[0]
    given = {"prompt_embeds": t5, "pooled_prompt_embeds": clip}
    assert torch.equal(both, latents(pipeline, **given))


def test_diffusers_own_callback_ends_guidance(two_passes) -> None:
    """It sets an attribute that a pipeline without state of its calls has to have."""
    unset: Any = None
    cutoff = SDCFGCutoffCallback(cutoff_step_ratio=unset, cutoff_step_index=1)
    assert rows_of(two_passes, callback_on_step_end=cutoff) == [2, 2, 1, 1]
    assert rows_of(two_passes) == [2, 2, 2, 2], "one call must not change the next"


def test_the_documented_callbacks_run(two_passes) -> None:
    """Diffusers' documentation has these, word for word."""

    def callback_dynamic_cfg(pipe, step_index, timestep, callback_kwargs):
        if step_index == int(pipe.num_timesteps * 0.4):
            prompt_embeds = callback_kwargs["prompt_embeds"]
            prompt_embeds = prompt_embeds.chunk(2)[-1]
            pipe._guidance_scale = 0.0
            callback_kwargs["prompt_embeds"] = prompt_embeds
        return callback_kwargs

    def interrupt_callback(pipeline, i, t, callback_kwargs):
        stop_idx = 1
        if i == stop_idx:
            pipeline._interrupt = True
        return callback_kwargs

    options = {"callback_on_step_end_tensor_inputs": ["prompt_embeds"]}
    dynamic = rows_of(two_passes, callback_on_step_end=callback_dynamic_cfg, **options)
    assert dynamic == [2, 2, 1, 1]
    assert rows_of(two_passes, callback_on_step_end=interrupt_callback) == [2, 2]


def test_callbacks_read_where_the_call_is(two_passes) -> None:
    seen = []

    def note(pipe, index, t, tensors):
        assert pipe.current_timestep == t and pipe.guidance_scale == 3.0 and not pipe.interrupt
        seen.append((index, pipe.num_timesteps, float(t)))
        return tensors

    latents(two_passes, "a man", guidance_scale=3.0, callback_on_step_end=note)
    assert [index for index, _, _ in seen] == [0, 1, 2, 3]
    assert seen[0][1:] == (4, 1000.0) and two_passes.current_timestep is None


def test_embeddings_of_a_callback_replace_the_runs(two_passes) -> None:
    other, *_ = two_passes.encode_prompt("a woman")

    def swap(pipe, index, t, tensors):
        return {"prompt_embeds": other} if index == 0 else {}

    swapped = latents(two_passes, "a man", callback_on_step_end=swap)
    assert not torch.equal(swapped, latents(two_passes, "a man"))
    with pytest.raises(ValueError, match=r"must keep the shape \(1, "):
        latents(
            two_passes, "a man", callback_on_step_end=lambda *_: {"prompt_embeds": other[:, :3]}
        )


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -1, 1e9, "4", True])
def test_a_scale_that_cannot_be_is_named(pipeline, scale) -> None:
    """NaN gave a black image, "4" a message of torch's, -1 and 1e9 nonsense."""
    with pytest.raises(ValueError, match=r"guidance_scale is .*: give a number from 0 to 100"):
        latents(pipeline, guidance_scale=scale)


def test_a_mask_in_the_prompts_place_is_noticed(pipeline) -> None:
    """`pipe("mask.png")` drew a face of the words "mask.png"."""
    with pytest.raises(ValueError, match=r"prompt is 'mask.png', .* give masks as mask='mask.png'"):
        pipeline("mask.png")
    assert pipeline.request("a man. jpeg").prompts == ("a man. jpeg",)


def test_a_wrong_name_is_refused_and_the_right_one_suggested(pipeline) -> None:
    with pytest.raises(TypeError, match="no argument negativ_prompt: did you mean negative_prompt"):
        pipeline("a man", negativ_prompt="a woman")
    with pytest.raises(TypeError, match="no argument xyzzy: take prompt, mask, "):
        pipeline.request("a man", xyzzy=1)


def test_numbers_out_of_range_are_an_error_and_no_black_image(pipeline, label_map) -> None:
    """float16 may overflow: a black image says nothing of it."""
    noise = torch.full((1, SIDE * SIDE // 256, 64), np.inf)
    with pytest.raises(NotFiniteError, match="take bfloat16 or float32"):
        latents(pipeline, mask=label_map, latents=noise)
