"""An edit changes what was edited, and nothing else."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from facemogle.masks.reading import MaskError
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.area import Area
from facemogle.runs.denoising import Step
from facemogle.runs.edit import Edit
from facemogle.runs.recorded import Recorded
from facemogle.runs.run import finished

SIDE = 64
STEPS = 4
HAIR, HAT, SKIN, L_EYE = 13, 14, 1, 4


@pytest.fixture(scope="module")
def pipeline(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    short = FaceMoGLEPipeline(
        **pipeline.components, default_size=SIDE, default_steps=STEPS, text_length=16
    )
    short.set_progress_bar_config(disable=True)
    return short


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def before(pipeline: FaceMoGLEPipeline, label_map: np.ndarray) -> Recorded:
    return finished(pipeline.run(pipeline.request("a man", label_map, generator=seeded())))


@pytest.fixture(scope="module")
def edited_map(label_map: np.ndarray) -> np.ndarray:
    edited = label_map.copy()
    edited[4:12, 12:24] = HAT
    return edited


def edit_of(
    pipeline: FaceMoGLEPipeline,
    before: Recorded,
    mask: np.ndarray,
    prompt: str = "",
    **options: Any,
) -> Edit:
    edit = pipeline.run(pipeline.request(prompt, mask, before=before, **options))
    assert isinstance(edit, Edit)
    return edit


def run(edit: Edit) -> tuple[list[Step], np.ndarray]:
    done = list(edit.steps())
    return done, np.asarray(edit.image(done[-1].latents))


def test_outside_every_pixel_is_the_accepted_images(pipeline, before, edited_map) -> None:
    """Decoding blended latents alone would change pixels all over the image."""
    edit = edit_of(pipeline, before, edited_map, "a man", margin=8)
    _, image = run(edit)
    changed = before.label_map != edited_map
    ys, xs = np.nonzero(changed)
    inside = np.zeros_like(changed)
    inside[max(0, ys.min() - 8) : ys.max() + 9, max(0, xs.min() - 8) : xs.max() + 9] = True
    assert 0.05 < inside.mean() < 0.3
    assert np.array_equal(image[~inside], before.image[~inside])
    assert not np.array_equal(image[changed], before.image[changed])


def test_latents_outside_follow_the_stored_way(pipeline, before, edited_map) -> None:
    """New content must grow beside what is there, not beside what the model would make now."""
    edit = edit_of(pipeline, before, edited_map, "a man", margin=4)
    outside = edit.area.weights(64) == 0
    assert 0.5 < outside.float().mean() < 1
    for step, stored in zip(edit.steps(), before.latents[1:], strict=True):
        torch.testing.assert_close(step.latents[outside], stored[None][outside])
        assert not torch.allclose(step.latents[~outside], stored[None][~outside])


def test_a_draft_looks_at_the_neighbourhood_of_the_edit_only(pipeline, before, edited_map) -> None:
    """Its cost must follow the size of the stroke; all else must be as for any edit."""
    forward = pipeline.transformer.forward
    with patch.object(pipeline.transformer, "forward", side_effect=forward) as spy:
        edit = edit_of(pipeline, before, edited_map, "a man", margin=2, context=0)
        done, image = run(edit)
    seen = edit.area.tokens(0)
    assert spy.call_args.kwargs["hidden_states"].shape[1] == len(seen) < before.latents.shape[1]
    outside = edit.area.weights(64) == 0
    for step, stored in zip(done, before.latents[1:], strict=True):
        torch.testing.assert_close(step.latents[outside], stored[None][outside])
    assert np.array_equal(image[edit.area.pixels == 0], before.image[edit.area.pixels == 0])
    assert not np.array_equal(image[edited_map == HAT], before.image[edited_map == HAT])
    far = edit_of(pipeline, before, edited_map, "a man", margin=2, context=99)
    near = edit_of(pipeline, before, edited_map, "a man", margin=2)
    assert np.array_equal(run(far)[1], run(near)[1])


def test_tokens_around_an_area_are_counted_in_all_directions() -> None:
    pixels = np.zeros((64, 96), np.float32)
    pixels[20, 40] = 0.1  # in row 1, column 2 of 4 rows, 6 columns
    assert Area(pixels).tokens(0) == [8]
    assert Area(pixels).tokens(1) == [1, 2, 3, 7, 8, 9, 13, 14, 15]


def test_previews_do_not_depend_on_predictions_of_what_is_kept(
    pipeline, before, edited_map
) -> None:
    """A draft makes none, and what stands there instead is noise, which bleeds over the seam."""
    edit = edit_of(pipeline, before, edited_map, "a man", margin=4)
    (step, *_) = edit.steps()
    other = torch.where(edit.area.weights(64) == 0, 9.0, step.clean_latents)
    preview = np.asarray(edit.image(step.clean_latents))
    assert np.array_equal(np.asarray(edit.image(other)), preview)


def test_whole_face_of_the_same_seed_is_a_plain_image(pipeline, before, edited_map) -> None:
    """The start is stored: it must be the noise that the seed gave."""
    edit = edit_of(pipeline, before, edited_map, "a man", area=Area.everything((SIDE, SIDE)))
    plain = pipeline("a man", edited_map, generator=seeded()).images[0]
    difference = run(edit)[1].astype(int) - np.asarray(plain)
    assert np.abs(difference).max() <= 1  # the stored start is recomputed from the first step


@pytest.mark.parametrize(("strength", "count"), [(1.0, 4), (0.75, 3), (0.6, 3), (0.01, 1)])
def test_less_strength_makes_fewer_steps_from_a_stored_one(
    pipeline, before, edited_map, strength, count
) -> None:
    """Rounding down could make no step at all, and float error one too many."""
    edit = edit_of(pipeline, before, edited_map, "a man", strength=strength)
    done = list(edit.steps())
    assert len(done) == edit.num_steps == count
    assert done[0].t == pytest.approx(before.times[STEPS - count])
    start = done[0].clean_latents + done[0].t * done[0].velocity
    torch.testing.assert_close(start[0], before.latents[STEPS - count], rtol=0, atol=1e-4)


def test_levels_between_stored_ones_lie_on_the_way(before) -> None:
    """A draft has other noise levels than the image that it edits."""
    for k, time in enumerate(before.times):
        assert torch.equal(before.at(time)[0], before.latents[k])
    high, low = before.times[1], before.times[2]
    middle = (before.latents[1] + before.latents[2]) / 2
    torch.testing.assert_close(before.at((high + low) / 2)[0], middle)


def test_edits_can_be_edited(pipeline, before, edited_map, label_map) -> None:
    """What an edit leaves behind must be a whole way again, though it began in the middle."""
    edit = edit_of(pipeline, before, edited_map, "a man", strength=0.5)
    done, image = run(edit)
    second = edit.recorded(done, image)
    np.testing.assert_allclose(second.times, before.times)
    assert torch.equal(second.latents[0], before.latents[0])
    assert np.array_equal(second.image, image)
    back = edit_of(pipeline, second, label_map, "a man", strength=0.5)
    outside = back.area.pixels == 0
    assert np.array_equal(run(back)[1][outside], before.image[outside])


def test_an_opened_image_is_kept_but_for_the_edit(pipeline, label_map, edited_map) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    before = pipeline.record(Image.fromarray(photo), label_map, seed=0)
    edit = edit_of(pipeline, before, edited_map, strength=0.5)
    _, image = run(edit)
    outside = edit.area.pixels == 0
    assert np.array_equal(image[outside], photo[outside])
    assert not np.array_equal(image[~outside], photo[~outside])


def test_small_regions_are_redrawn_as_a_whole_and_large_ones_are_not(label_map) -> None:
    """A moved eye leaves nothing of the old one; the skin that it bared stays the same skin."""
    moved = label_map.copy()
    moved[label_map == L_EYE] = SKIN
    moved[27:33, 36:46] = L_EYE
    area = Area.between(label_map, moved, margin=0).pixels
    assert set(np.unique(area)) == {0, 1}
    assert (area == 1)[24:33, 36:46].all()
    assert area.sum() == 9 * 10


def test_the_margin_is_feathered_and_ends(label_map, edited_map) -> None:
    area = Area.between(label_map, edited_map, margin=8).pixels
    row = area[8, 24:40]  # to the right of the hat
    assert (row[:3] == 1).all() and (row[8:] == 0).all()
    assert (np.diff(row) <= 0).all() and 0 < row[5] < 1


def test_what_is_new_has_the_light_of_its_surroundings() -> None:
    """New eyes in a dark face that come with bright skin around them look pasted."""
    distance = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2))
    area = Area(np.clip((16 - distance) / 4, 0, 1).astype(np.float32))
    before = np.full((SIDE, SIDE, 3), 80, np.uint8)
    after = np.full_like(before, 140)
    after[distance < 5] = 200  # what was asked for, and is no light
    pasted = area.paste(before, after).astype(int)
    assert (pasted[distance >= 16] == 80).all()
    ring = (distance > 10) & (distance < 16)
    assert abs(pasted[ring] - 80).max() < 20  # it was up to 60
    assert (pasted[distance < 5] - pasted[ring].mean()).min() > 40


@pytest.mark.parametrize("light", [0, 30, 60])
def test_no_step_is_seen_at_the_border_of_an_edit(light: int) -> None:
    """An edit's edge is a scar, if what is new has other light than what it meets."""
    noise = np.random.default_rng(0)

    def smooth(size: float, level: float) -> np.ndarray:
        image = cv2.GaussianBlur(noise.normal(size=(256, 256, 3)), (0, 0), size)
        return level * image / image.std()

    face = 128 + smooth(12, 30)
    before, after = (
        np.clip(face + smooth(2, 6) + added, 0, 255).astype(np.uint8) for added in (0, light)
    )
    mask = np.full((256, 256), SKIN, np.uint8)
    bangs = mask.copy()
    bangs[100:140, 110:113] = bangs[100:130, 140:142] = HAIR
    area = Area.between(mask, bangs)
    inside = area.pixels > 0

    def step(image: np.ndarray) -> int:
        sides = zip(np.diff(image.astype(int), axis=0), np.diff(inside, axis=0), strict=True)
        return max(np.abs(change[at]).max(initial=0) for change, at in sides)

    assert step(area.paste(before, after)) <= max(step(before), step(after)) + 1


def test_closing_stops_the_work(pipeline, before, edited_map) -> None:
    """An edit that goes on after its visitor has left would hold up the others."""
    forward = pipeline.transformer.forward
    with patch.object(pipeline.transformer, "forward", side_effect=forward) as spy:
        steps = edit_of(pipeline, before, edited_map).steps()
        next(steps)
        steps.close()
        assert list(steps) == [] and spy.call_count == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 0}, "strength is 0: give a number over 0"),
        ({"strength": 1.5}, "strength is 1.5"),
        ({"margin": -1}, "margin is -1: give 0 pixels or more"),
        ({"num_inference_steps": 0}, "num_inference_steps is 0"),
        ({"local_masks": "none"}, "local_masks: 'none'"),
    ],
)
def test_a_bad_argument_is_answered_at_once(pipeline, before, edited_map, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        edit_of(pipeline, before, edited_map, **options)


def test_masks_that_are_the_same_or_none_are_refused(pipeline, before, label_map) -> None:
    with pytest.raises(ValueError, match="The mask has not changed"):
        edit_of(pipeline, before, label_map)
    with pytest.raises(MaskError, match="Label 19"):
        edit_of(pipeline, before, np.full((SIDE, SIDE), 19))


def test_a_model_says_how_much_around_an_edit_it_needs_to_see(
    own_pipeline: FaceMoGLEPipeline, label_map: np.ndarray
) -> None:
    """One that was trained on parts of images does without the rest; another one, such as FLUX,
    must be shown all of it.
    """
    whole = own_pipeline.request("", label_map, 1, height=64, width=64)
    before = finished(own_pipeline.run(whole))
    after = label_map.copy()
    after[:8, :8] = 14
    seen = []
    hook = own_pipeline.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs["hidden_states"].shape[1]), with_kwargs=True
    )
    for context in (None, 0):
        own_pipeline.register_to_config(edit_context=context)
        list(edit_of(own_pipeline, before, after, num_inference_steps=1, margin=0).steps())
    hook.remove()
    assert seen == [16, 1]
