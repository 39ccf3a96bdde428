from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC

from facemogle.masks.reading import decouple
from facemogle.network.tokens import (
    decode_tokens,
    encode_image,
    pack,
    position_ids,
    unpack,
)
from facemogle.runs.token_cache import RegionLatentCache

CPU = torch.device("cpu")


def test_unpack_is_the_inverse_of_pack() -> None:
    latents = torch.randn(2, 16, 6, 10)
    tokens = pack(latents)
    assert tokens.shape == (2, 15, 64)
    assert torch.equal(unpack(tokens, (3, 5)), latents)


def test_a_token_is_a_patch_ordered_channel_row_column() -> None:
    """Any other order also survives the round trip, but no trained weights fit it."""
    latents = torch.arange(16 * 4 * 6).reshape(1, 16, 4, 6)
    second_row_third_column = pack(latents)[0, 1 * 3 + 2]
    assert torch.equal(second_row_third_column, latents[0, :, 2:4, 4:6].flatten())


def test_positions_are_row_and_column() -> None:
    assert position_ids((2, 3)).tolist() == [
        [0, row, column] for row in range(2) for column in range(3)
    ]


@torch.no_grad()
def test_an_image_always_has_the_same_latents(pipeline, label_map) -> None:
    """The reference samples them without a generator: one seed, many images."""
    image = decouple(label_map)[0]
    first = encode_image(pipeline.vae, image, CPU)
    assert torch.equal(encode_image(pipeline.vae, image, CPU), first)


@torch.no_grad()
@pytest.mark.parametrize("size", [(32, 32), (32, 64)])
def test_encoding_normalises_and_decoding_undoes_it(pipeline, size) -> None:
    height, width = size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    tokens = encode_image(pipeline.vae, image, CPU)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1
    mean = pipeline.vae.encode(pixels).latent_dist.mean
    torch.testing.assert_close(tokens[None], pack((mean - 0.1159) * 0.3611))
    decoded = decode_tokens(pipeline.vae, tokens[None], (height // 16, width // 16))
    torch.testing.assert_close(decoded, pipeline.vae.decode(mean).sample, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_deterministic_autoencoder_will_do() -> None:
    """The embedded model has one of these: no posterior, no shift."""
    layers = {"block_types": "ResBlock", "block_out_channels": (4, 4, 8, 16)}
    vae: Any = AutoencoderDC(
        latent_channels=16,
        **{f"{side}_{k}": v for side in ("encoder", "decoder") for k, v in layers.items()},
        encoder_layers_per_block=(0, 1, 1, 1),
        decoder_layers_per_block=(0, 1, 1, 1),
        encoder_qkv_multiscales=((),) * 4,
        decoder_qkv_multiscales=((),) * 4,
        scaling_factor=0.5,
    ).eval()
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    tokens = encode_image(vae, image, CPU)
    z = vae.encode(torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1).latent
    torch.testing.assert_close(tokens[None], pack(z * 0.5))
    decoded = decode_tokens(vae, tokens[None], (2, 4))
    torch.testing.assert_close(decoded, vae.decode(z).sample, rtol=0, atol=1e-5)


class Encoder:
    """Stands for the VAE and keeps record of the images that it is given."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, image: np.ndarray) -> torch.Tensor:
        self.seen.append(int(image[0, 0, 0]))
        return torch.full((1, 64), float(image[0, 0, 0]))


def images(*values: int) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None, None].repeat(3, axis=3)


def test_cache_encodes_what_is_new_and_keeps_the_order() -> None:
    cache, encode = RegionLatentCache(10), Encoder()
    assert cache.tokens(images(1, 2, 2, 3), encode)[:, 0, 0].tolist() == [1, 2, 2, 3]
    assert cache.tokens(images(3, 4, 1), encode)[:, 0, 0].tolist() == [3, 4, 1]
    assert encode.seen == [1, 2, 3, 4]
    cache.clear()
    cache.tokens(images(1), encode)
    assert encode.seen == [1, 2, 3, 4, 1]


def test_cache_forgets_the_least_recently_used() -> None:
    cache, encode = RegionLatentCache(2), Encoder()
    for value in (1, 2, 1, 3, 1, 2):
        cache.tokens(images(value), encode)
    assert encode.seen == [1, 2, 3, 2]


def test_cache_tells_shapes_and_contexts_apart() -> None:
    """Twelve equal bytes may be a wide or a high image, in float32 or bfloat16."""
    cache, encode = RegionLatentCache(10), Encoder()
    cache.tokens(np.zeros((1, 1, 4, 3), np.uint8), encode)
    cache.tokens(np.zeros((1, 4, 1, 3), np.uint8), encode)
    cache.tokens(np.zeros((1, 4, 1, 3), np.uint8), encode, context="bfloat16")
    assert len(encode.seen) == 3


def test_images_encoded_at_once_keep_their_places() -> None:
    cache, encode = RegionLatentCache(10), Encoder()
    tokens = cache.tokens(images(5, 1, 5, 3, 2), encode, threads=3)
    assert tokens[:, 0, 0].tolist() == [5, 1, 5, 3, 2]
    assert sorted(encode.seen) == [1, 2, 3, 5], "equal images once"


def test_threads_share_a_cache() -> None:
    cache = RegionLatentCache(3)
    with ThreadPoolExecutor(8) as threads:
        batches = [np.random.default_rng(i).integers(0, 6, 20) for i in range(40)]
        results = threads.map(lambda b: cache.tokens(images(*b), Encoder()), batches)
        for batch, tokens in zip(batches, results, strict=True):
            assert tokens[:, 0, 0].tolist() == batch.tolist()
