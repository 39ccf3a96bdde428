"""Guidance by the prompt: by a model's own input, or by twice as many predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer


@pytest.fixture
def without_input(own_pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny model, without FLUX.1-dev's input for guidance."""
    before = own_pipeline.transformer
    transformer: Any = FaceMoGLETransformer.from_config({**before.config, "guidance_embeds": False})
    transformer.load_state_dict(before.state_dict(), strict=False)
    own_pipeline.register_modules(transformer=transformer)
    return own_pipeline


def rows_per_step(pipeline: FaceMoGLEPipeline, label_map: np.ndarray) -> list[int]:
    """Predictions of a step with guidance, with a scale of 1, and without a prompt."""
    rows = []
    hook = pipeline.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    sides: Any = {"height": 64, "width": 64}
    for prompt, scale in (("a man", 3.5), ("a man", 1.0), ("", 3.5)):
        list(pipeline.stream(prompt, label_map, 1, scale, **sides))
    hook.remove()
    return rows


def test_guidance_costs_only_where_it_can_change_something(
    without_input: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """It doubles the cost of a step."""
    assert rows_per_step(without_input, label_map) == [2, 1, 1]


def test_a_model_with_an_input_predicts_once(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    assert rows_per_step(pipeline, label_map) == [1, 1, 1]


def test_guidance_is_linear_in_its_scale(
    without_input: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """v(s) = v_without + s (v_with - v_without): swapped, it would guide away from the prompt."""
    noise = torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(0))

    def velocity(prompt: str, scale: float) -> torch.Tensor:
        steps = without_input.stream(
            prompt, label_map, 1, scale, height=64, width=64, latents=noise
        )
        return next(steps).velocity

    without, prompted = velocity("", 1.0), velocity("a man with black hair", 1.0)
    guided = velocity("a man with black hair", 3.0)
    assert not torch.allclose(prompted, without, atol=1e-3)
    assert torch.allclose(guided, without + 3 * (prompted - without), atol=1e-4)


def test_guidance_is_each_images_own(
    without_input: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """Rows with and without prompts lie in one batch: pairing them wrongly mixes prompts."""
    prompts = ["a woman with blond hair", "", "a man with black hair"]
    noise = torch.randn(3, 16, 64)
    sides: Any = {"height": 64, "width": 64}
    together = next(without_input.stream(prompts, label_map, 1, latents=noise, **sides)).velocity
    for row, prompt in enumerate(prompts):
        one = noise[row : row + 1]
        alone = next(without_input.stream(prompt, label_map, 1, latents=one, **sides))
        assert torch.allclose(together[row], alone.velocity[0], atol=1e-4)


def test_steps_outside_the_interval_go_without_guidance(
    without_input: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """They would cost twice; and what they see must be the prompt's rows, not the empty ones."""
    noise = torch.randn(1, 16, 64)
    sides: Any = {"height": 64, "width": 64}
    without_input.register_to_config(guided_from=0.9, guided_until=0.5)
    rows = []
    hook = without_input.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    steps = list(without_input.stream("a man", label_map, 4, 3.5, latents=noise, **sides))
    hook.remove()
    assert steps[0].t == 1
    assert rows == [2 if 0.5 <= step.t <= 0.9 else 1 for step in steps] and set(rows) == {1, 2}
    last: Any = {"sigmas": [0.25], "latents": steps[-2].latents}  # the fourth of four even ones
    alone = next(without_input.stream("a man", label_map, 1, 1.0, **last, **sides))
    assert torch.allclose(alone.velocity, steps[-1].velocity, atol=1e-4)


def test_a_model_has_its_own_scale(without_input: FaceMoGLEPipeline, label_map: np.ndarray) -> None:
    noise = torch.randn(1, 16, 64)
    sides: Any = {"height": 64, "width": 64}

    def velocity(scale: float | None) -> torch.Tensor:
        steps = without_input.stream("a man", label_map, 1, scale, latents=noise, **sides)
        return next(steps).velocity

    without_input.register_to_config(default_guidance=6.0)
    assert torch.equal(velocity(None), velocity(6.0))
    assert not torch.equal(velocity(None), velocity(3.5))


@pytest.fixture
def strength_guides(own_pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """The tiny model as one that saw masks with regions hidden in training."""
    own_pipeline.register_to_config(strength_guides=True)
    return own_pipeline


def velocity_of(
    pipeline: FaceMoGLEPipeline, label_map: np.ndarray | None, **experts: Any
) -> torch.Tensor:
    noise = torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(0))
    sides: Any = {"height": 64, "width": 64}
    return next(pipeline.stream("a man", label_map, 1, latents=noise, **sides, **experts)).velocity


def test_a_regions_strength_is_how_far_it_leads_from_its_absence(
    strength_guides: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """v(s) = v_hidden + s (v - v_hidden), for each region its own: a factor on the gate's weights
    changes next to nothing, since the masks of its neighbours tell of a region too. What goes
    beyond the model's own prediction does so in the region alone: hair of strength 4 changed light
    and background nearly as much as hair.
    """

    def at(**strengths: float) -> torch.Tensor:
        factors = [1.0] * 20
        for name, strength in strengths.items():
            factors[{"hair": 14, "l_eye": 5, "hat": 15}[name]] = strength
        return velocity_of(strength_guides, label_map, expert_strengths=factors)

    plain = velocity_of(strength_guides, label_map)
    no_hair, no_eye = (velocity_of(strength_guides, label_map, muted=(n,)) for n in (13, 4))
    assert (plain - no_hair).abs().max() > 1e-3
    assert torch.allclose(at(hair=0), no_hair, atol=1e-5)
    hair = (label_map == 13).reshape(4, 16, 4, 16).mean((1, 3)).reshape(1, 16, 1)
    assert hair.max() == 0.5 and hair.min() == 0
    more = torch.from_numpy(hair).float() * 2 * (plain - no_hair)
    assert torch.allclose(at(hair=3), plain + more, atol=1e-4)
    both = plain + more - 0.5 * (plain - no_eye)
    assert torch.allclose(at(hair=3, l_eye=0.5), both, atol=1e-4)
    assert torch.equal(at(hat=5), plain)  # a region that is not there


def test_the_weights_that_are_told_know_of_strengths_that_guide(
    strength_guides: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """A row of the page showed the same percentage for an expert at four times its strength."""
    factors = torch.ones(20)
    factors[14] = 4
    sides: Any = {"height": 64, "width": 64, "latents": torch.zeros(1, 16, 64)}
    plain, strong = (
        next(strength_guides.stream("", label_map, 1, expert_strengths=some.tolist(), **sides))
        for some in (torch.ones(20), factors)
    )
    assert plain.condition_tokens is not None and strong.condition_tokens is not None
    assert plain.gate_weights is not None and strong.gate_weights is not None
    assert torch.equal(strong.condition_tokens, plain.condition_tokens)
    scaled = plain.gate_weights * factors
    assert torch.allclose(strong.gate_weights, scaled / scaled.sum(-1, keepdim=True), atol=1e-6)


def test_all_regions_together_lead_from_no_mask(
    strength_guides: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """To hide the last region leaves no mask, which is text alone and no error."""
    plain, without = (velocity_of(strength_guides, mask) for mask in (label_map, None))
    twice = velocity_of(strength_guides, label_map, expert_strengths=[1.0] + [2.0] * 19)
    assert torch.allclose(twice, without + 2 * (plain - without), atol=1e-4)
