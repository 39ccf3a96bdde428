"""A trace shows the weights that the gate gave, at the place and on the scale that it says."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.video.reformatter import Colorspace
from PIL import Image, ImageColor

from facemogle.gate.heatmap import colors_of_levels, draw_winners
from facemogle.gate.trace import Trace
from facemogle.masks.regions import NUM_EXPERTS

STEPS, ROWS, COLUMNS = 3, 4, 6


@dataclass
class FakeStep:
    t: float
    gate_weights: torch.Tensor


@pytest.fixture
def trace() -> Trace:
    logits = np.random.default_rng(0).normal(size=(STEPS, ROWS * COLUMNS, NUM_EXPERTS))
    weights = np.exp(logits)
    weights /= weights.sum(axis=-1, keepdims=True)
    times = np.array([1.0, 0.6, 0.2], np.float32)
    return Trace(times, weights.astype(np.float32), (ROWS, COLUMNS))


def halves() -> np.ndarray:
    """A label map for the grid: hair (13) at the left, skin (1) at the right."""
    label_map = np.ones((ROWS * 16, COLUMNS * 16), np.uint8)
    label_map[:, : COLUMNS * 8] = 13
    return label_map


def test_collects_the_weights_of_steps_in_any_precision(trace: Trace) -> None:
    """Tensors of a GPU run are bfloat16, which numpy does not know."""
    weights = torch.from_numpy(trace.gate_weights).to(torch.bfloat16).requires_grad_()
    both = torch.stack([torch.zeros_like(weights), weights], dim=1)  # of two images
    steps = [FakeStep(float(t), w) for t, w in zip(trace.times, both, strict=True)]
    collected = Trace.from_steps(steps, trace.grid, index=1)
    assert collected.gate_weights.dtype == collected.times.dtype == np.float32
    assert np.allclose(collected.gate_weights, trace.gate_weights, rtol=1e-2)
    assert (collected.times == trace.times).all()


def test_refuses_weights_that_do_not_fill_the_grid(trace: Trace) -> None:
    with pytest.raises(ValueError, match="5x5"):
        Trace(trace.times, trace.gate_weights, (5, 5))


def test_maps_put_tokens_row_by_row(trace: Trace) -> None:
    """A transposed grid is invisible on square images."""
    maps = trace.maps()
    assert maps.shape == (STEPS, NUM_EXPERTS, ROWS, COLUMNS)
    assert maps[1, 7, 2, 5] == trace.gate_weights[1, 2 * COLUMNS + 5, 7]
    assert np.allclose(maps.sum(axis=1), 1, atol=1e-6)


def test_heatmaps_draw_every_token_as_one_flat_square(trace: Trace) -> None:
    heatmap = trace.heatmap(0, 3, size=(ROWS * 8, COLUMNS * 8))
    assert heatmap.shape == (ROWS * 8, COLUMNS * 8, 3) and heatmap.dtype == np.uint8
    squares = heatmap[::8, ::8]
    assert (np.kron(squares, np.ones((8, 8, 1), np.uint8)) == heatmap).all()
    assert (squares == colors_of_levels(trace.maps()[0, 3])).all()


def test_the_relative_scale_spans_the_map_and_the_absolute_one_does_not(trace: Trace) -> None:
    weights = trace.maps()[0, 3]
    lowest, highest = colors_of_levels(np.array([[0.0, 1.0]]))[0]
    relative = trace.heatmap(0, 3, size=(ROWS, COLUMNS), scale="relative")
    assert (relative[weights == weights.min()] == lowest).all()
    assert (relative[weights == weights.max()] == highest).all()
    absolute = trace.heatmap(0, 3, size=(ROWS, COLUMNS), scale="absolute")
    assert not (absolute == highest).all(axis=-1).any()


def test_a_constant_map_is_drawn_without_dividing_by_zero(trace: Trace) -> None:
    flat = Trace(trace.times, np.full_like(trace.gate_weights, 0.05), trace.grid)
    lowest = colors_of_levels(np.zeros((1, 1)))[0, 0]
    assert (flat.heatmap(0, 0, size=(8, 8), scale="relative") == lowest).all()


def test_brighter_means_more() -> None:
    """A colour map that is not monotonous in lightness shows ridges that are not there."""
    ramp = colors_of_levels(np.linspace(0, 1, 256)[None])
    lightness = np.asarray(Image.fromarray(ramp).convert("L"), int)[0]
    assert (np.diff(lightness) >= -1).all() and lightness[-1] - lightness[0] > 200


def test_statistics_separate_inside_from_outside(trace: Trace) -> None:
    label_map = halves()
    weights = np.zeros_like(trace.maps())
    weights[:, 14, :, : COLUMNS // 2] = 1  # hair's expert, where the hair is
    weights[:, 0, :, COLUMNS // 2 :] = 1
    tokens = weights.reshape(STEPS, NUM_EXPERTS, -1).transpose(0, 2, 1)
    rows = Trace(trace.times, tokens, trace.grid).statistics(label_map)
    assert len(rows) == STEPS * NUM_EXPERTS

    hair = next(row for row in rows if row["step"] == 1 and row["title"] == "Hair")
    assert hair["expert"] == 14 and hair["t"] == pytest.approx(0.6)
    assert (hair["min"], hair["max"], hair["mean"]) == (0, 1, 0.5)
    assert (hair["inside"], hair["outside"]) == (1, 0)

    overall = rows[0]
    assert overall["title"] == "Global"
    assert overall["inside"] is None and overall["outside"] is None
    hat = next(row for row in rows if row["title"] == "Hat")
    assert hat["inside"] is None and hat["outside"] == 0


def test_statistics_need_no_label_map(trace: Trace) -> None:
    assert "inside" not in trace.statistics()[0]


def test_the_contact_sheet_has_a_column_per_expert_that_saw_something(trace: Trace) -> None:
    stripes = np.tile(np.arange(12, dtype=np.uint8).repeat(8), (64, 1))
    chosen = trace.contact_sheet(Image.new("RGB", (96, 64), "red"), stripes)
    column = (trace.contact_sheet().width - chosen.width) / (NUM_EXPERTS - 13)  # global + 12 stay
    assert column == int(column) > 64
    assert (255, 0, 0) in {color for _, color in chosen.getcolors(1 << 24) or ()}


def test_the_contact_sheet_of_a_long_run_stays_short(trace: Trace) -> None:
    times = np.linspace(1, 0, 50, dtype=np.float32)
    long = Trace(times, np.repeat(trace.gate_weights[:1], 50, axis=0), trace.grid)
    assert long.contact_sheet().height < 4 * trace.contact_sheet().height


def test_winners_are_the_experts_of_the_largest_weight(trace: Trace) -> None:
    """A winner taken over the places instead of the experts is a token number."""
    winners = trace.winners()
    assert winners.shape == (STEPS, ROWS, COLUMNS) and winners.dtype == np.uint8
    assert winners[2, 1, 4] == trace.gate_weights[2, COLUMNS + 4].argmax()


def test_curves_are_the_means_of_the_statistics(trace: Trace) -> None:
    """Curves of the wrong expert look as plausible as those of the right one."""
    figure = trace.plot(halves())
    inside, outside = figure.axes
    drawn = {line.get_label(): line for line in inside.lines}
    assert set(drawn) == {"Skin", "Hair"}  # the regions that are there
    rows = [row for row in trace.statistics(halves()) if row["title"] == "Hair"]
    assert drawn["Hair"].get_ydata() == pytest.approx([row["inside"] for row in rows])
    assert drawn["Hair"].get_xdata() == pytest.approx(trace.times)
    assert len(outside.lines) == NUM_EXPERTS - 1  # the global expert has no region
    assert inside.get_xlim() == (1, 0)  # time goes on from noise to image


def test_curves_without_a_mask_cover_the_whole_image(trace: Trace) -> None:
    """Nothing may be omitted where no region is known; each step's means sum to 1."""
    (axes,) = trace.plot().axes
    assert len(axes.lines) == NUM_EXPERTS
    assert np.sum([np.asarray(line.get_ydata()) for line in axes.lines], axis=0) == pytest.approx(
        np.ones(STEPS)
    )


@pytest.mark.parametrize("expert", [None, 14])
def test_the_film_shows_each_step_beside_its_map(trace: Trace, expert: int | None) -> None:
    """Pillow drops frames that equal the one before, and with them the step they stand for."""
    colors = ["red", "green", "blue"]
    film = Image.open(
        io.BytesIO(trace.film([Image.new("RGB", (64, 64), c) for c in colors], expert))
    )
    assert film.format == "GIF" and getattr(film, "n_frames", 1) == STEPS
    for step, color in enumerate(colors):
        film.seek(step)
        frame = film.convert("RGB")
        assert frame.width == 2 * 256
        assert frame.getpixel((128, 128)) == ImageColor.getrgb(color)
    last = np.asarray(film.convert("RGB"))[-256:, 256:]
    expected = (
        draw_winners(trace.winners()[2])
        if expert is None
        else trace.heatmap(2, expert, size=(ROWS, COLUMNS), scale="relative")
    )
    assert np.abs(last[20, 20].astype(int) - expected[0, 0]).max() < 16  # a GIF has 256 colours


def test_the_mp4_is_one_that_browsers_play_and_shows_each_step_as_long(trace: Trace) -> None:
    """Browsers refuse H.264 with full colour resolution; another matrix turns colours."""
    colors = ["red", "green", "blue"]
    content = trace.film([Image.new("RGB", (65, 64), c) for c in colors], format="mp4")
    with av.open(io.BytesIO(content), "r") as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.codec_context.colorspace == Colorspace.ITU709
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
        assert stream.duration and stream.time_base
        assert float(stream.duration * stream.time_base) == pytest.approx(0.4 + 0.4 + 1.6)
    shown = [frame[150, 128].astype(int) for frame in frames]
    for color, frame in zip(colors, (shown[0], shown[4], shown[-1]), strict=True):
        assert np.abs(frame - ImageColor.getrgb(color)).max() < 12


def test_the_film_refuses_images_of_other_steps(trace: Trace) -> None:
    """A short list would show late weights beside no image at all."""
    with pytest.raises(ValueError, match="1 images for 3 steps"):
        trace.film([Image.new("RGB", (8, 8))])


def test_saves_and_loads(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "trace.of.mine"  # numpy would append .npz
    trace.save(path)
    loaded = Trace.load(path)
    assert loaded.grid == trace.grid
    assert (loaded.times == trace.times).all()
    assert (loaded.gate_weights == trace.gate_weights).all()


def test_loading_executes_no_pickled_code(tmp_path: Path) -> None:
    path = tmp_path / "trace.npz"
    np.savez(path, times=np.array([print]), gate_weights=np.zeros(1), grid=np.array([1, 1]))
    with pytest.raises(ValueError, match="allow_pickle"):
        Trace.load(path)
