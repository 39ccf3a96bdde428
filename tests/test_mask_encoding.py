"""Mask images encoded from a crop have the tokens of the whole image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facemogle.network.tokens import encode_image
from facemogle.runs import mask_tokens
from facemogle.runs.mask_tokens import croppable, encode_mask_image, encoder_reach, quick_vae
from facemogle.weights.loading import load_pipeline

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
    """A crop's own edge would be seen as the image's, and its tokens be others."""
    image = np.zeros((256, 256, 3), np.uint8)
    image[slice(*rows), slice(*columns)] = (255, 40, 120)
    black = encode_image(vae, np.zeros_like(image), CPU)
    tokens = encode_mask_image(croppable(vae), image, black, CPU)
    torch.testing.assert_close(tokens, encode_image(vae, image, CPU), rtol=0, atol=1e-5)


@torch.no_grad()
def test_tokens_are_black_out_of_reach_and_not_within(vae) -> None:
    """The reach is computed from the layers: too short, and tokens are lost; too long, and the
    crop is the image.
    """
    reach = encoder_reach(vae)
    assert reach is not None
    images = np.zeros((2, 256, 256, 3), np.uint8)
    images[1, :, 128 + reach - 1 :] = 255  # seen by the token that ends at pixel 127
    black, seen = (encode_image(vae, one, CPU).view(16, 16, -1)[:, 7] for one in images)
    images[1, :, 128 + reach - 1] = 0
    unseen = encode_image(vae, images[1], CPU).view(16, 16, -1)[:, 7]
    assert not torch.equal(seen, black)
    torch.testing.assert_close(unseen, black, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_vae_that_sees_everything_is_not_cropped(pipeline) -> None:
    """FLUX's has attention: a crop's tokens would be others everywhere."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[24:40, 24:40] = 255
    black = encode_image(pipeline.vae, np.zeros_like(image), CPU)
    tokens = encode_mask_image(pipeline.vae, image, black, CPU)
    assert torch.equal(tokens, encode_image(pipeline.vae, image, CPU))


@torch.no_grad()
def test_mask_images_in_bfloat16_look_the_same_and_images_stay_exact(vae, monkeypatch) -> None:
    """The quick encoder is a copy: the VAE's own would round the images of edits."""
    image = np.zeros((256, 256, 3), np.uint8)
    image[60:200, 80:180] = (255, 40, 120)
    exact = encode_image(vae, image, CPU)
    monkeypatch.setattr(mask_tokens, "cpu_multiplies_bfloat16", lambda: True)
    quick = encode_image(quick_vae(vae), image, CPU)
    assert quick.dtype == torch.bfloat16
    assert (quick.float() - exact).abs().mean() < 0.02 * exact.abs().mean()
    assert torch.equal(encode_image(vae, image, CPU), exact)
    monkeypatch.setattr(mask_tokens, "cpu_multiplies_bfloat16", lambda: False)
    assert torch.equal(encode_image(quick_vae(vae), image, CPU), exact)
