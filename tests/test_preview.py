"""Previews show the picture on its way, by whatever is quick for the model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from parity import FIXTURES
from PIL import Image

from facemogle import checkpoints
from facemogle.checkpoints import load_pipeline
from facemogle.latents import encode_picture
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.preview import LatentColors

CPU = torch.device("cpu")
FACES = Path(__file__).parents[1] / "assets" / "mini_faces.jpg"


def tiny_decoder() -> AutoencoderTiny:
    torch.manual_seed(0)
    channels = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    return AutoencoderTiny(latent_channels=16, **channels).eval()


def test_colours_are_those_of_the_picture() -> None:
    """Rows and columns exchanged, or channels in another order, give colours too."""
    mini = load_pipeline("mini")
    face = np.array(Image.open(FACES).convert("RGB"))[300:428, 100:292]
    tokens = encode_picture(mini.vae, face, CPU)[None].detach()
    shown = LatentColors(mini.vae, CPU).picture(tokens, (8, 12))
    assert shown.size == (192, 128)
    # The linear map sees a latent's 8x8 pixels as one.
    small = [
        Image.fromarray(np.asarray(p)).resize((24, 16), Image.Resampling.BOX) for p in (face, shown)
    ]
    error = np.asarray(small[0], float) - np.asarray(small[1], float)
    assert np.sqrt(np.mean(error**2)) < np.asarray(small[0], float).std() / 3


def test_the_small_decoder_is_used_where_there_is_one(
    own_pipeline: FaceMoGLEPipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tokens = torch.randn(1, 8, 64, generator=torch.Generator().manual_seed(0))

    def decode(*arguments: object, **options: object) -> None:
        pytest.fail("the large VAE was used")

    monkeypatch.setattr(own_pipeline.vae, "decode", decode)
    linear = own_pipeline.preview(tokens, 32, 64)
    own_pipeline.register_modules(preview_vae=tiny_decoder())
    decoded = own_pipeline.preview(tokens, 32, 64)
    assert linear.size == decoded.size == (64, 32)
    assert not np.array_equal(linear, decoded)
    own_pipeline.save_pretrained(tmp_path)
    again = load_pipeline(tmp_path, device="cpu").preview(tokens, 32, 64)
    assert np.array_equal(again, decoded)


def test_a_quick_vae_shows_the_picture_itself() -> None:
    mini = load_pipeline("mini")
    tokens = torch.randn(1, 8, 64, generator=torch.Generator().manual_seed(0))
    assert np.array_equal(mini.preview(tokens, 32, 64), mini.decode(tokens, 32, 64))


@pytest.mark.parametrize("present", [True, False])
def test_flux_takes_the_small_decoder_if_it_is_there(
    present: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, and without network, pictures are made all the same."""
    monkeypatch.setattr(checkpoints, "snapshot_download", lambda *a, **o: pytest.fail("asked"))
    shutil.copytree(FIXTURES / "tiny_flux", tmp_path / "FLUX.1-dev")
    shutil.copytree(FIXTURES / "tiny_face_mogle", tmp_path / "face-mogle-models")
    if present:
        tiny_decoder().save_pretrained(tmp_path / "taef1")
    pipeline = load_pipeline("flux", local_dir=tmp_path, device="cpu")
    assert (pipeline.preview_vae is not None) == present
