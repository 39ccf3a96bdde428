"""Previews are quick and look like the image; the finished image owes them nothing."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from huggingface_hub.errors import LocalEntryNotFoundError
from reference_arrays import FIXTURES

from facemogle.masks.reading import read_mask
from facemogle.network.tokens import encode_pixels
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.edit import Edit
from facemogle.runs.previews import LatentToRGB
from facemogle.runs.recorded import Recorded
from facemogle.serving.facts import Facts
from facemogle.serving.reports import reports
from facemogle.weights import downloads, folders
from facemogle.weights.loading import load_pipeline
from facemogle.weights.published import FACE_MOGLE_REPOSITORY

TEMPLATE = Path(__file__).parents[1] / "assets/templates/long_hair.png"
SIDE = 64
STEPS = 3


def tiny_vae(seed: int = 0, latent_channels: int = 16) -> AutoencoderTiny:
    torch.manual_seed(seed)
    narrow = (4, 4, 4, 4)
    return AutoencoderTiny(
        encoder_block_out_channels=narrow,
        decoder_block_out_channels=narrow,
        latent_channels=latent_channels,
    ).eval()


@pytest.fixture
def own(pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    """With weights shared, but previews of its own."""
    short = FaceMoGLEPipeline(**pipeline.components, default_size=SIDE, text_length=16)
    short.set_progress_bar_config(disable=True)
    return short


def run(pipeline: FaceMoGLEPipeline, label_map: np.ndarray, **options) -> list:
    request = Facts.of(pipeline).request(label_map, "a man", seed=0, steps=STEPS, **options)
    _, *made = reports(pipeline, request)
    return made


@torch.no_grad()
def test_a_linear_map_shows_an_image_that_it_was_not_fitted_to() -> None:
    vae = load_pipeline("mini", device="cpu").vae
    label_map = read_mask(TEMPLATE, size=(128, 96)).label_map
    palette = np.random.default_rng(7).uniform(-1, 1, (20, 3)).astype(np.float32)
    image = torch.from_numpy(palette[label_map]).permute(2, 0, 1)[None]
    tokens = encode_pixels(vae, image)
    preview = LatentToRGB.fitted(vae, torch.device("cpu")).pixels(tokens, (8, 6))
    assert preview.shape == image.shape
    shown, expected = (F.avg_pool2d(pixels, 8).flatten() for pixels in (preview, image))
    assert np.corrcoef(shown, expected)[0, 1] > 0.9
    assert (shown - expected).abs().mean() < 0.2


@pytest.mark.parametrize("has_tiny", [True, False])
def test_steps_are_shown_quickly_and_the_last_one_in_full(own, label_map, has_tiny) -> None:
    own.preview_vae = tiny_vae() if has_tiny else None
    stream = own.stream("a man", label_map, STEPS, generator=torch.Generator().manual_seed(0))
    *early, last = stream
    *previews, finished = [report.image for report in run(own, label_map)]
    for step, shown in zip(early, previews, strict=True):
        assert np.array_equal(shown, own.preview(step.clean_latents, SIDE, SIDE))
        assert not np.array_equal(shown, own.decode(step.clean_latents, SIDE, SIDE))
    assert np.array_equal(finished, own.decode(last.latents, SIDE, SIDE))


def test_a_tiny_vae_is_what_previews_come_from(own, label_map) -> None:
    images = []
    for vae in (None, tiny_vae(0), tiny_vae(1)):
        own.preview_vae = vae
        images.append([report.image for report in run(own, label_map)])
    for first, second in ((0, 1), (1, 2)):
        assert not np.array_equal(images[first][0], images[second][0])
        assert np.array_equal(images[first][-1], images[second][-1])


@pytest.mark.parametrize("context", [None, 0])
def test_previews_of_an_edit_keep_what_it_keeps(own, label_map, context) -> None:
    own.preview_vae = tiny_vae()
    before = run(own, label_map)[-1].recorded
    assert isinstance(before, Recorded)
    edited = label_map.copy()
    edited[4:12, 12:24] = 14
    change = {"before": before, "margin": 4, "context": context}
    edit = own.run(own.request("a man", edited, STEPS, **change))
    assert isinstance(edit, Edit)
    step = next(edit.steps())
    preview, full = (np.asarray(show(step.clean_latents)) for show in (edit.preview, edit.image))
    kept = edit.area.pixels == 0
    assert np.array_equal(preview[kept], before.image[kept])
    assert not np.array_equal(preview, full)


def test_the_embedded_models_own_vae_is_quick_enough() -> None:
    mini = load_pipeline("mini", device="cpu")
    tokens = torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(0))
    assert mini.preview_vae is None
    preview, full = (
        np.asarray(show(tokens, *mini.image_size((4, 4))), int)
        for show in (mini.preview, mini.decode)
    )
    assert np.abs(preview - full).max() <= 2  # levels: rounded to bfloat16 where that is quicker
    assert mini.vae.dtype == torch.float32, "the finished image would be rounded too"


def test_what_is_saved_has_no_preview_vae(own, tmp_path) -> None:
    own.save_pretrained(tmp_path / "without")
    own.preview_vae = tiny_vae()
    own.save_pretrained(tmp_path / "with")
    without, with_ = (sorted((tmp_path / name).rglob("*")) for name in ("without", "with"))
    assert [path.name for path in without] == [path.name for path in with_]
    index = [(tmp_path / name / "model_index.json").read_text() for name in ("without", "with")]
    assert index[0] == index[1]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """A folder for `local_dir`, without previews."""
    shutil.copytree(FIXTURES / "tiny_flux", tmp_path / "FLUX.1-dev")
    shutil.copytree(FIXTURES / "tiny_face_mogle", tmp_path / "face-mogle-models")
    return tmp_path


@pytest.mark.parametrize("place", ["taef1", "FLUX.1-dev/taef1"])
def test_a_tiny_vae_in_the_folder_is_used(layout, place) -> None:
    vae = tiny_vae()
    vae.save_pretrained(layout / place)
    loaded = load_pipeline("flux", local_dir=layout, device="cpu", torch_dtype=torch.bfloat16)
    assert loaded.preview_vae is not None and loaded.preview_vae.dtype == torch.bfloat16
    expected = vae.bfloat16().state_dict()
    assert all(torch.equal(t, expected[k]) for k, t in loaded.preview_vae.state_dict().items())
    tokens = torch.zeros(1, 16, 64, dtype=torch.bfloat16)
    assert loaded.preview(tokens, 64, 64).size == (64, 64)


def damaged(folder: Path) -> None:
    tiny_vae().save_pretrained(folder)
    (path,) = folder.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.parametrize(
    "spoil", [damaged, lambda folder: tiny_vae(latent_channels=4).save_pretrained(folder)]
)
def test_one_of_no_use_is_left_out(layout, spoil, caplog) -> None:
    spoil(layout / "taef1")
    with caplog.at_level(logging.INFO, "facemogle"):
        assert load_pipeline("flux", local_dir=layout, device="cpu").preview_vae is None
    assert [record.levelname for record in caplog.records if "taef1" in record.message] == ["INFO"]


@pytest.mark.parametrize("answer", ["has it", "offline", "broken"])
def test_the_hub_is_asked_and_may_refuse(layout, answer, monkeypatch, caplog) -> None:
    """Previews are no reason not to start."""
    tiny_vae().save_pretrained(layout / "cached")
    places = {
        folders.FLUX_REPOSITORY: layout / "FLUX.1-dev",
        FACE_MOGLE_REPOSITORY: layout / "face-mogle-models",
        folders.PREVIEW_REPOSITORY: layout / "cached",
    }
    errors = {"offline": LocalEntryNotFoundError("no"), "broken": RuntimeError("odd")}

    def fetch(repository: str, **options: object) -> str:
        if repository == folders.PREVIEW_REPOSITORY and answer in errors:
            raise errors[answer]
        return str(places[repository])

    monkeypatch.setattr(downloads, "snapshot_download", fetch)
    with caplog.at_level(logging.INFO, "facemogle"):
        loaded = load_pipeline("flux", device="cpu")
    assert (loaded.preview_vae is not None) == (answer == "has it")
    lines = [record.message for record in caplog.records if "taef1" in record.message]
    assert len(lines) == (answer != "has it")
