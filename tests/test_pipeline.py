from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from reference_arrays import FIXTURES

from facemogle.masks.hiding import hidden
from facemogle.masks.reading import MaskError, index_png
from facemogle.mogle import MoGLE
from facemogle.network.tokens import pack
from facemogle.pipeline import FaceMoGLEPipeline, Step
from facemogle.runs.denoising import Changes

SIDE = 64
TEXT_LENGTH = 32
N = (SIDE // 16) ** 2


@pytest.fixture(scope="module")
def pipeline(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny model with a short text, which is most of the work."""
    return shortened(pipeline)


def shortened(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    short = FaceMoGLEPipeline(**pipeline.components, text_length=TEXT_LENGTH)
    short.set_progress_bar_config(disable=True)
    return short


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_close(computed: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(computed, expected, rtol=0, atol=1e-5)


def pixels(pipeline, prompt, mask, seed=0, steps=2, **options) -> np.ndarray:
    arguments = {"height": SIDE, "width": SIDE, "output_type": "np", **options}
    return pipeline(prompt, mask, steps, generator=seeded(seed), **arguments).images[0]


def stream(pipeline, *args, steps=3, **options):
    return pipeline.stream(
        *args, num_inference_steps=steps, generator=seeded(), height=SIDE, width=SIDE, **options
    )


@pytest.mark.parametrize("prompt", ["a man", ""])
@pytest.mark.parametrize("masked", [True, False])
def test_text_and_mask_are_each_optional(pipeline, label_map, prompt, masked) -> None:
    mask = label_map if masked else None
    output = pipeline(prompt, mask, 2, generator=seeded(), height=SIDE, width=32)
    assert output.images[0].size == (32, SIDE)
    assert (output.trace is not None) == masked
    if masked:
        assert output.trace.maps().shape == (2, 20, SIDE // 16, 2)
        np.testing.assert_allclose(output.trace.gate_weights.sum(-1), 1, atol=1e-5)


def test_steps_tell_what_happened(pipeline, label_map) -> None:
    steps = list(stream(pipeline, "a man", label_map))
    assert [step.index for step in steps] == [0, 1, 2]
    assert steps[0].t == 1.0 and steps[0].t > steps[1].t > steps[2].t > 0
    x_t = pack(torch.randn((1, 16, SIDE // 8, SIDE // 8), generator=seeded()))
    for step, t_next in zip(steps, [steps[1].t, steps[2].t, 0.0], strict=True):
        assert_close(step.clean_latents, x_t - step.t * step.velocity)
        x_t = x_t + (t_next - step.t) * step.velocity
        assert_close(step.latents, x_t)
        assert step.condition_tokens.shape == (1, N, 64)
        assert step.gate_weights.shape == (1, N, 20)
        torch.testing.assert_close(step.gate_weights.sum(-1), torch.ones(1, N))
    assert_close(steps[-1].clean_latents, steps[-1].latents)
    with pytest.raises(FrozenInstanceError):
        steps[0].t = 0.5  # type: ignore[misc]


def test_prompts_are_encoded_once(own_pipeline) -> None:
    """Live mode asks for the same prompt with every stroke, and always for the empty one."""
    encoder = own_pipeline.text_encoder_2
    with patch.object(encoder, "forward", side_effect=encoder.forward) as spy:
        first, *_ = own_pipeline.encode_prompt("a man")
        assert torch.equal(own_pipeline.encode_prompt("a man")[0], first)
        other, *_ = own_pipeline.encode_prompt("a woman")
        assert spy.call_count == 2 and not torch.equal(other, first)
        own_pipeline.forget()
        assert torch.equal(own_pipeline.encode_prompt("a man")[0], first)
        assert spy.call_count == 3


def test_some_tokens_are_sampled_as_if_there_were_no_others(pipeline, label_map) -> None:
    """A draft of an edit looks at its neighbourhood only: the rest must neither move nor cost."""
    chosen = [1, 2, 5, 6, 9]
    others = [token for token in range(N) if token not in chosen]
    forward = pipeline.transformer.forward
    with patch.object(pipeline.transformer, "forward", side_effect=forward) as spy:
        steps = list(stream(pipeline, "a man", label_map, sampled_tokens=chosen))
    for call in spy.call_args_list:
        assert call.kwargs["hidden_states"].shape[1] == len(chosen)
        assert call.kwargs["condition_tokens"].shape[1] == len(chosen)
        assert call.kwargs["img_ids"].tolist() == [[0, i // 4, i % 4] for i in chosen]
    noise = pack(torch.randn((1, 16, SIDE // 8, SIDE // 8), generator=seeded()))
    for step in steps:
        assert torch.equal(step.latents[:, others], noise[:, others])
        assert (step.latents[:, chosen] != noise[:, chosen]).any(dim=-1).all()
        assert step.gate_weights.shape == (1, N, 20)
    whole = pixels(pipeline, "a man", label_map, sampled_tokens=range(N))
    assert np.array_equal(whole, pixels(pipeline, "a man", label_map))


def test_without_mask_it_is_stock_flux_bit_for_bit(pipeline) -> None:
    """Text, noise, noise levels, position ids and guidance included."""
    stock: Any = FluxPipeline.from_pretrained(FIXTURES / "tiny_flux")
    stock.set_progress_bar_config(disable=True)
    assert type(stock.transformer) is FluxTransformer2DModel
    options = {"height": SIDE, "width": 96, "output_type": "latent", "guidance_scale": 2.0}
    expected = stock(
        "a man", num_inference_steps=3, generator=seeded(), max_sequence_length=32, **options
    ).images
    output = pipeline("a man", num_inference_steps=3, generator=seeded(), **options)
    assert torch.equal(output.images, expected)
    assert output.trace is None


def test_the_same_seed_gives_the_same_pixels(pipeline, label_map) -> None:
    first = pixels(pipeline, "a man", label_map)
    pipeline.mask_encoder.forget()
    torch.manual_seed(1)  # the reference drew mask latents from the global generator
    assert np.array_equal(pixels(pipeline, "a man", label_map), first)
    assert not np.array_equal(pixels(pipeline, "a man", label_map, seed=1), first)
    assert not np.array_equal(pixels(pipeline, "a woman", label_map), first)


def test_pixels_do_not_depend_on_what_is_cached(pipeline, label_map) -> None:
    """Encoding twenty images at once or three gives other last bits."""
    edited = label_map.copy()
    edited[40:44, 24:40] = 11
    pipeline.mask_encoder.forget()
    alone = pixels(pipeline, "", edited)
    pipeline.mask_encoder.forget()
    pixels(pipeline, "", label_map)
    assert np.array_equal(pixels(pipeline, "", edited), alone)


def test_threads_give_the_same_pixels_as_one_after_the_other(pipeline, label_map) -> None:
    """The reference's shared LoRA switch spoiled 120 of 120 images."""
    jobs = [
        ("a man", label_map, 0),
        ("", label_map, 1),
        ("a woman", None, 2),
        ("a man", np.fliplr(label_map), 3),
    ] * 2
    expected = [pixels(pipeline, *job) for job in jobs[:4]] * 2
    for count in (2, 4):
        pipeline.mask_encoder.forget()
        with ThreadPoolExecutor(count) as threads:
            actual = list(threads.map(lambda job: pixels(pipeline, *job), jobs))
        assert all(np.array_equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_experts_run_once_per_mask_and_the_gate_once_per_step(pipeline, label_map) -> None:
    with (
        patch.object(MoGLE, "experts", autospec=True, side_effect=MoGLE.experts) as experts,
        patch.object(MoGLE, "gate", autospec=True, side_effect=MoGLE.gate) as gate,
    ):
        pixels(pipeline, "", label_map, steps=5)
        assert (experts.call_count, gate.call_count) == (1, 5)
        pixels(pipeline, "", None, steps=5)
        assert (experts.call_count, gate.call_count) == (1, 5)


def test_an_edit_encodes_what_it_changed(pipeline, label_map) -> None:
    encode = pipeline.vae.encode
    with patch.object(pipeline.vae, "encode", side_effect=encode) as spy:
        pipeline.mask_encoder.forget()
        before = pipeline.encode_mask(label_map)
        assert spy.call_count == 1 + 5 + 1  # the global image, five regions, and all empty ones
        edited = label_map.copy()
        edited[24:30, 36:40] = 1  # an eye becomes smaller
        after = pipeline.encode_mask(edited)
        assert spy.call_count == 7 + 3  # the global image, the eye, the skin
    changed = (before != after).any(dim=3).any(dim=2)[0].nonzero().flatten().tolist()
    assert changed == [0, 2, 5]


def test_masks_of_any_kind_and_size(pipeline, label_map) -> None:
    expected = pixels(pipeline, "", label_map)
    large = label_map.repeat(3, axis=0).repeat(3, axis=1)
    for mask in (large, index_png(large)):
        assert np.array_equal(pixels(pipeline, "", mask), expected)
    with pytest.raises(MaskError, match="Label 19"):
        pipeline.stream("", np.full((SIDE, SIDE), 19))


def test_empty_local_masks_are_for_comparison_only(pipeline, label_map) -> None:
    tokens = pipeline.encode_mask(label_map, "empty")
    black = pipeline.encode_mask(np.zeros_like(label_map))[0, 2]
    assert torch.equal(tokens[0, 1:], black.expand(19, -1, -1))
    assert torch.equal(tokens[0, 0], pipeline.encode_mask(label_map)[0, 0])
    empty = pixels(pipeline, "", label_map, local_masks="empty")
    assert not np.array_equal(empty, pixels(pipeline, "", label_map))


def test_strengths_of_one_change_not_a_bit(pipeline, label_map) -> None:
    """Renormalising weights that sum to 1 would change their last bits."""
    expected = pixels(pipeline, "a man", label_map)
    ones = pixels(pipeline, "a man", label_map, expert_strengths=[1] * 20)
    assert np.array_equal(ones, expected)


def test_strengths_scale_the_gate_before_its_weights_sum_to_one(pipeline, label_map) -> None:
    """Forgetting to renormalise would fade the whole condition out."""
    strengths = [1.0] * 20
    strengths[0], strengths[14] = 0.0, 5.0  # the global expert's and the hair's
    plain = next(stream(pipeline, "", label_map)).gate_weights
    step = next(stream(pipeline, "", label_map, expert_strengths=strengths))
    scaled = plain * torch.tensor(strengths)
    assert_close(step.gate_weights, scaled / scaled.sum(-1, keepdim=True))
    tokens = pipeline.mogle.experts(pipeline.encode_mask(label_map)).detach()
    assert_close(step.condition_tokens, pipeline.mogle.mix(step.gate_weights, tokens))


def test_a_muted_region_is_hidden_from_all_experts(pipeline, label_map) -> None:
    """Its neighbours' outlines told the model the very same hair that its own expert was denied."""
    muted = pipeline.encode_mask(label_map, muted=(13, 4))
    assert torch.equal(muted, pipeline.encode_mask(hidden(label_map, (13, 4))))
    assert torch.equal(muted[0, 14], pipeline.encode_mask(np.zeros_like(label_map))[0, 2])
    with pytest.raises(MaskError, match="Leave one of its regions"):
        pixels(pipeline, "", label_map, muted=range(19))
    with_hair = pixels(pipeline, "", label_map)
    assert not np.array_equal(pixels(pipeline, "", label_map, muted=(13,)), with_hair)
    assert np.array_equal(pixels(pipeline, "", label_map, muted=(14,)), with_hair)  # no hat here


def test_images_made_together_are_those_made_one_by_one(pipeline, label_map) -> None:
    """Rows that mix, or noise drawn in another order, would make a seed mean nothing in a batch."""
    other = np.fliplr(label_map).copy()
    prompts, masks, seeds = ["a man", "", "a woman"], [label_map, other, label_map], [3, 1, 2]
    alone = [
        pipeline(prompt, mask, 2, generator=seeded(seed), height=SIDE, width=48, output_type="np")
        for prompt, mask, seed in zip(prompts, masks, seeds, strict=True)
    ]
    together = pipeline(
        prompts,
        masks,
        2,
        generator=[seeded(seed) for seed in seeds],
        height=SIDE,
        width=48,
        output_type="np",
    )
    for row, expected in enumerate(alone):
        np.testing.assert_allclose(together.images[row], expected.images[0], rtol=0, atol=1e-5)
        weights = expected.trace.gate_weights
        np.testing.assert_allclose(together.traces[row].gate_weights, weights, rtol=0, atol=1e-5)
    assert np.abs(together.images[0] - together.images[2]).max() > 1e-3


def test_one_mask_or_prompt_serves_all(pipeline, label_map) -> None:
    """With several images of each prompt, those of one prompt are neighbours."""
    arguments = {"height": SIDE, "width": SIDE, "output_type": "np"}

    def images(prompt, mask, **options) -> np.ndarray:
        return pipeline(prompt, mask, 2, **arguments, **options).images

    seeds = [seeded(seed) for seed in range(4)]
    made = images(["a man", "a woman"], label_map, generator=seeds, num_images_per_prompt=2)
    for row, prompt in enumerate(["a man", "a man", "a woman", "a woman"]):
        expected = pixels(pipeline, prompt, label_map, seed=row)
        np.testing.assert_allclose(made[row], expected, rtol=0, atol=1e-5)
    masks = [label_map, np.fliplr(label_map).copy()]
    made = images("a man", masks, generator=[seeded(), seeded()])
    expected = pixels(pipeline, "a man", masks[1])
    np.testing.assert_allclose(made[1], expected, rtol=0, atol=1e-5)
    assert len(pipeline("a man", None, 1, num_images_per_prompt=2, height=32, width=32).images) == 2


@pytest.mark.parametrize(("height", "width"), [(256, 512), (1024, 128), (16, 16)])
def test_any_size_in_whole_tokens(pipeline, label_map, height, width) -> None:
    output = pipeline("", label_map, 1, generator=seeded(), height=height, width=width)
    assert output.images[0].size == (width, height)
    assert output.trace.grid == (height // 16, width // 16)


def test_a_model_of_one_size_refuses_others(own_pipeline, label_map) -> None:
    """A blur of 1024 pixels, after a minute, looked like what the model can do."""
    own_pipeline.register_to_config(default_size=64, fixed_size=True)
    assert own_pipeline.request("", label_map).grid == (4, 4)
    with pytest.raises(ValueError, match=r"32x64 pixels .* has learnt 64x64 only"):
        own_pipeline.request("", label_map, height=64, width=32)


def test_prepared_inputs_replace_what_they_were_made_from(pipeline, label_map) -> None:
    embeds, pooled, _ = pipeline.encode_prompt("a man")
    prepared = pixels(
        pipeline,
        "",
        None,
        latents=pack(torch.randn((1, 16, SIDE // 8, SIDE // 8), generator=seeded())),
        prompt_embeds=embeds,
        pooled_prompt_embeds=pooled,
        condition_latents=pipeline.encode_mask(label_map),
    )
    assert np.array_equal(prepared, pixels(pipeline, "a man", label_map))


def test_closing_stops_the_work(pipeline, label_map) -> None:
    with patch.object(
        pipeline.transformer, "forward", side_effect=pipeline.transformer.forward
    ) as spy:
        steps = stream(pipeline, "", label_map, steps=9)
        assert spy.call_count == 0  # nothing before it is asked for
        next(steps)
        next(steps)
        steps.close()
        assert list(steps) == []
        assert spy.call_count == 2


def test_the_consumer_may_send_other_latents(pipeline, label_map) -> None:
    steps = stream(pipeline, "", label_map)
    next(steps)
    other = torch.ones(1, N, 64)
    second = steps.send(Changes(other))
    clean = other - second.t * second.velocity
    torch.testing.assert_close(second.clean_latents, clean)


def test_a_stream_leaves_its_consumer_alone(pipeline, label_map) -> None:
    """A no_grad held open across a yield would switch off the consumer's gradients."""
    assert torch.is_grad_enabled()
    for step in stream(pipeline, "", label_map):
        assert torch.is_grad_enabled()
        assert not step.latents.requires_grad
    interrupted = stream(pipeline, "", label_map)
    next(interrupted)
    assert torch.is_grad_enabled()
    threading.Thread(target=interrupted.close).start()
    assert torch.is_grad_enabled()


def test_callback_sees_and_changes_every_step(pipeline, label_map) -> None:
    seen = []

    def callback(pipe, index, t, tensors):
        assert pipe is pipeline
        seen.append((index, t, sorted(tensors)))
        return {"latents": torch.zeros(1, N, 64)} if index == 2 else {}

    output = pipeline(
        "",
        label_map,
        3,
        generator=seeded(),
        height=SIDE,
        width=SIDE,
        output_type="latent",
        callback_on_step_end=callback,
        callback_on_step_end_tensor_inputs=["latents", "gate_weights"],
    )
    assert [index for index, _, _ in seen] == [0, 1, 2]
    # Of diffusers' scale, unlike the trace's.
    np.testing.assert_allclose([float(t) / 1000 for _, t, _ in seen], output.trace.times)
    assert all(names == ["gate_weights", "latents"] for _, _, names in seen)
    assert torch.equal(output.images, torch.zeros(1, N, 64))


def test_a_failing_callback_ends_the_call(pipeline, label_map) -> None:
    def callback(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pixels(pipeline, "", label_map, callback_on_step_end=callback)


def test_kinds_of_output_agree(pipeline, label_map) -> None:
    def output(kind: str, **options):
        arguments = {"generator": seeded(), "height": SIDE, "width": SIDE, "output_type": kind}
        return pipeline("", label_map, 2, **arguments, **options)

    array, tensor = output("np").images, output("pt").images
    assert array.shape == (1, SIDE, SIDE, 3) and array.min() >= 0 and array.max() <= 1
    assert np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), array)
    image = np.asarray(output("pil").images[0])
    assert np.array_equal(image, np.rint(array[0] * 255).astype(np.uint8))
    tokens = output("latent").images
    assert np.array_equal(np.asarray(pipeline.decode(tokens, SIDE, SIDE)), image)
    images, traces = output("np", return_dict=False)
    assert np.array_equal(images, array) and [trace.grid for trace in traces] == [(4, 4)]


def test_a_long_prompt_is_cut_and_says_so(pipeline, caplog) -> None:
    with caplog.at_level(
        "WARNING", "facemogle.network.text"
    ):  # whatever other tests did to loggers
        cut, *_ = pipeline.encode_prompt("a " * 5000)
    assert cut.shape == (1, TEXT_LENGTH, 64)
    assert f"the model reads the first {TEXT_LENGTH}" in caplog.text
    caplog.clear()
    pipeline.encode_prompt("a man")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_inference_steps": 0}, "num_inference_steps is 0: give a whole number, 1 or more"),
        ({"num_inference_steps": 2.5}, "num_inference_steps is 2.5"),
        ({"height": 500}, "height is 500: give a multiple of 16"),
        ({"width": -16}, "width is -16"),
        ({"width": 0}, "width is 0"),
        ({"prompt": ["a man", 7]}, "prompt is or holds a int: give a string"),
        ({"prompt": []}, "You gave 0 prompts"),
        (
            {"prompt": ["a"] * 3, "mask": [np.zeros((SIDE, SIDE), np.uint8)] * 2},
            "You gave 3 prompts, 2 masks: give as many",
        ),
        ({"num_images_per_prompt": 0}, "num_images_per_prompt is 0: give a whole number"),
        ({"generator": [seeded()] * 2}, "generator has 2 entries for 1 images"),
        ({"generator": 42}, "generator is or holds a int.*manual_seed"),
        ({"local_masks": "none"}, "local_masks: 'none' is unknown; take regions or empty"),
        ({"prompt_embeds": torch.zeros(1, 8, 64)}, "both prompt_embeds and pooled_prompt_embeds"),
        ({"latents": torch.zeros(1, 5, 64)}, r"latents has shape \(1, 5, 64\)"),
        ({"condition_latents": torch.zeros(1, 19, N, 64)}, "condition_latents has shape"),
        ({"sigmas": [1.0, 0.5], "num_inference_steps": 3}, "sigmas has 2 values for 3 steps"),
        ({"sampled_tokens": [N]}, f"sampled_tokens has {N}: this image's are .* 0 to {N - 1}"),
        ({"sampled_tokens": [1, 1]}, "sampled_tokens are 2, 1 different ones"),
        ({"sampled_tokens": []}, "sampled_tokens are 0"),
        ({"muted": [3]}, "muted hides regions of a mask"),
        ({"muted": [19]}, "muted names the region 19: .* to 18"),
        ({"expert_strengths": [1] * 19}, "expert_strengths has 19 values: give 20"),
        (
            {"expert_strengths": [1] * 19 + [-1]},
            "has -1 for cloth: give a number from 0 to 100",
        ),
        ({"expert_strengths": [1] * 19 + ["x"]}, "has 'x' for cloth"),
        ({"expert_strengths": [1] * 19 + [float("nan")]}, "has nan for cloth"),
        ({"expert_strengths": [0] * 20}, "all 0: leave at least one"),
        ({"expert_strengths": [2] + [1] * 19}, "but there is none: give a mask"),
        ({"output_type": "jpg"}, "output_type: 'jpg' is unknown; take pil"),
        ({"callback_on_step_end_tensor_inputs": ["x"]}, "'x' is unknown; take latents"),
    ],
)
def test_a_bad_argument_is_answered_at_once(pipeline, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(**{"height": SIDE, "width": SIDE, **arguments})
    if "output_type" not in arguments and not any("callback" in name for name in arguments):
        with pytest.raises(ValueError, match=message):
            pipeline.stream(**{"height": SIDE, "width": SIDE, **arguments})


def test_mask_and_its_latents_together_are_refused(pipeline, label_map) -> None:
    with pytest.raises(ValueError, match="not both"):
        stream(pipeline, "", label_map, condition_latents=torch.zeros(1, 20, N, 64))


def test_defaults_come_from_the_checkpoint(pipeline) -> None:
    small = FaceMoGLEPipeline(
        **pipeline.components, default_size=32, default_steps=3, text_length=16
    )
    steps = list(small.stream("a man"))
    assert len(steps) == 3 and steps[0].latents.shape == (1, 4, 64)
    assert small.encode_prompt("a man")[0].shape == (1, 16, 64)


def test_offload_knows_every_model(pipeline) -> None:
    """A model in neither list would be moved by its own forward, which the gate never calls."""
    models = {k for k, v in pipeline.components.items() if isinstance(v, torch.nn.Module)}
    moved = pipeline.model_cpu_offload_seq.split("->")
    assert models == {*moved, *pipeline._exclude_from_cpu_offload}


def test_offload_hooks_move_and_free_the_models(own_pipeline, label_map) -> None:
    """Hooks fire on `forward`, and `encode` and `decode` of the VAE; cancelling must reset them."""
    own_pipeline = shortened(own_pipeline)
    expected = pixels(own_pipeline, "", label_map)
    own_pipeline.enable_model_cpu_offload(device="cpu")
    assert len(own_pipeline._all_hooks) == 4
    own_pipeline.mask_encoder.forget()
    np.testing.assert_allclose(pixels(own_pipeline, "", label_map), expected, rtol=0, atol=1e-5)
    with patch.object(own_pipeline, "maybe_free_model_hooks") as free:
        stopped = stream(own_pipeline, "", label_map)
        next(stopped)
        free.assert_not_called()
        stopped.close()
        free.assert_called_once()


def test_the_condition_streams_terms_are_saved_and_loaded(
    own_pipeline, label_map, tmp_path
) -> None:
    own_pipeline = shortened(own_pipeline)
    expected = pixels(own_pipeline, "", label_map)
    own_pipeline.save_condition_lora(tmp_path)
    own_pipeline.transformer.add_condition_lora(2)
    assert not np.allclose(pixels(own_pipeline, "", label_map), expected, atol=1e-4)
    own_pipeline.load_condition_lora(tmp_path)
    np.testing.assert_allclose(pixels(own_pipeline, "", label_map), expected, rtol=0, atol=1e-5)


def test_step_is_exported_where_users_look_for_it() -> None:
    from facemogle import Step as exported

    assert exported is Step
