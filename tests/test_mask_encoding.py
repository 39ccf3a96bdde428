"""Mask pictures encoded from a crop have the tokens of the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facemogle import mask_encoding
from facemogle.checkpoints import load_pipeline
from facemogle.latents import encode_picture
from facemogle.mask_encoding import croppable, encode_mask_picture, encoder_reach, quick_vae

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def vae():
    return load_pipeline("mini", device="cpu").vae


@torch.no_grad()
@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ((120, 136), (120, 150)),  # in the middle
        ((110, 124), (88, 104)),  # a border seen from afar
        ((0, 8), (0, 8)),
        ((248, 256), (100, 110)),
        ((100, 101), (255, 256)),
        ((43, 44), (213, 214)),  # at the reach, exactly
        ((86, 87), (170, 171)),
    ],
)
def test_a_crop_has_the_tokens_of_the_whole(vae, rows, columns) -> None:
    """A crop's own edge would be seen as the picture's, and its tokens be others."""
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[slice(*rows), slice(*columns)] = (255, 40, 120)
    black = encode_picture(vae, np.zeros_like(picture), CPU)
    tokens = encode_mask_picture(croppable(vae), picture, black, CPU)
    torch.testing.assert_close(tokens, encode_picture(vae, picture, CPU), rtol=0, atol=1e-5)


@torch.no_grad()
def test_tokens_are_black_out_of_reach_and_not_within(vae) -> None:
    """The reach is computed from the layers: too short, and tokens are lost; too long, and the
    crop is the picture.
    """
    reach = encoder_reach(vae)
    pictures = np.zeros((2, 256, 256, 3), np.uint8)
    pictures[1, :, 128 + reach - 1 :] = 255  # seen by the token that ends at pixel 127
    black, seen = (encode_picture(vae, one, CPU).view(16, 16, -1)[:, 7] for one in pictures)
    pictures[1, :, 128 + reach - 1] = 0
    unseen = encode_picture(vae, pictures[1], CPU).view(16, 16, -1)[:, 7]
    assert not torch.equal(seen, black)
    torch.testing.assert_close(unseen, black, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_vae_that_sees_everything_is_not_cropped(pipeline) -> None:
    """FLUX's has attention: a crop's tokens would be others everywhere."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[24:40, 24:40] = 255
    black = encode_picture(pipeline.vae, np.zeros_like(picture), CPU)
    tokens = encode_mask_picture(pipeline.vae, picture, black, CPU)
    assert torch.equal(tokens, encode_picture(pipeline.vae, picture, CPU))


@torch.no_grad()
def test_mask_pictures_in_bfloat16_look_the_same_and_pictures_stay_exact(vae, monkeypatch) -> None:
    """The quick encoder is a copy: the VAE's own would round the pictures of edits."""
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[60:200, 80:180] = (255, 40, 120)
    exact = encode_picture(vae, picture, CPU)
    monkeypatch.setattr(mask_encoding, "cpu_multiplies_bfloat16", lambda: True)
    quick = encode_picture(quick_vae(vae), picture, CPU)
    assert quick.dtype == torch.bfloat16
    assert (quick.float() - exact).abs().mean() < 0.02 * exact.abs().mean()
    assert torch.equal(encode_picture(vae, picture, CPU), exact)
    monkeypatch.setattr(mask_encoding, "cpu_multiplies_bfloat16", lambda: False)
    assert torch.equal(encode_picture(quick_vae(vae), picture, CPU), exact)
