"""A decoder that paints twice as large: what it learns from, who judges it, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderDC
from safetensors.torch import load_file

from facemogle.__main__ import main
from facemogle.faces.folder import FaceFolder
from facemogle.network.tokens import decode_tokens
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training import decoder
from facemogle.training.critic import Critic, critic_loss, painter_loss
from facemogle.training.data import Visit, to_model_range
from facemogle.training.decoder import (
    PaintedCrops,
    PainterAndCritic,
    decoder_loss,
    train_decoder,
    with_large_decoder,
)
from facemogle.training.latent_store import LatentStore
from facemogle.training.own_latents import OwnLatents
from facemogle.training.recipe import DecoderRecipe, VAERecipe
from facemogle.training.vae import build_vae

RECIPE = DecoderRecipe(
    channels=(16, 16, 16, 32, 64),
    critic_channels=(8, 8),
    size=64,
    crop=1,
    batch=2,
    steps=2,
    own_faces=2,
    judged_from=0.5,
)


@pytest.fixture
def model(own_pipeline: FaceMoGLEPipeline) -> FaceMoGLEPipeline:
    torch.manual_seed(0)
    own_pipeline.vae = build_vae(VAERecipe()).eval()
    own_pipeline.vae.register_to_config(_name_or_path="/somewhere")
    return own_pipeline


def test_what_is_written_paints_twice_as_large(
    model: FaceMoGLEPipeline, faces: Path, tmp_path: Path
) -> None:
    """In half precision, with the encoder that the masks' tokens come from; and a run that is done
    is not trained again.
    """
    trained = train_decoder([faces], tmp_path, RECIPE, model)
    folder = tmp_path / "large_vae"
    assert "/somewhere" not in (folder / "config.json").read_text()
    stored = load_file(folder / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    for name, tensor in model.vae.encoder.state_dict().items():
        assert torch.equal(stored[f"encoder.{name}"], tensor.half())
    tokens = torch.randn(1, 6, 64)
    image = decode_tokens(AutoencoderDC.from_pretrained(folder), tokens, (2, 3))
    assert image.shape == (1, 3, 64, 96)
    assert torch.allclose(image, decode_tokens(trained, tokens, (2, 3)), atol=1e-2)
    again = train_decoder([faces], tmp_path, RECIPE, model)
    assert torch.equal(decode_tokens(again, tokens, (2, 3)), decode_tokens(trained, tokens, (2, 3)))


def test_a_crop_of_the_image_is_where_its_tokens_are(
    model: FaceMoGLEPipeline, faces: Path, tmp_path: Path
) -> None:
    recipe = DecoderRecipe(size=64, crop=1, own=0.0, noise=0.0)
    large = FaceFolder(faces, 64)
    store = LatentStore(FaceFolder(faces, 32), model.vae, tmp_path)
    crops = PaintedCrops(large, store, OwnLatents(model, store), recipe)
    corners = [(y, x) for y in range(2) for x in range(2)]
    found = set()
    for seed in range(20):
        tokens, image = crops[Visit(1, seed)]
        (place,) = (n for n in range(4) if torch.equal(tokens[0], store.image(1)[n].float()))
        y, x = (32 * side for side in corners[place])
        assert torch.equal(image, to_model_range(large.image(1)[y : y + 32, x : x + 32]))
        found.add(place)
    assert found == {0, 1, 2, 3}


def test_own_latents_are_near_the_true_ones_and_stay(
    model: FaceMoGLEPipeline, faces: Path, tmp_path: Path
) -> None:
    """Made once: a run that goes on must not see others."""
    store = LatentStore(FaceFolder(faces, 32), model.vae, tmp_path)
    own = OwnLatents(model, store)
    once = own.of(1)
    model.transformer.proj_out.weight.data.zero_()
    assert once.shape == store.image(1).shape and not torch.equal(once, store.image(1))
    assert torch.equal(own.of(1), once) and not torch.equal(own.of(2), once)
    assert isinstance(model.vae, AutoencoderDC)
    model.vae = with_large_decoder(model.vae, RECIPE).eval()  # a decoder that is trained again
    assert own.of(3).shape == once.shape


@pytest.mark.parametrize(("steps", "made_again"), [(8, {2, 3, 4, 5}), (4, {1, 2}), (1, {1})])
def test_own_latents_are_of_the_same_face_in_however_few_steps(
    steps: int, made_again: set[int], model: FaceMoGLEPipeline, faces: Path, tmp_path: Path
) -> None:
    """All of four steps began at pure noise: another face, and nothing for a decoder to mend."""
    model.register_to_config(default_steps=steps)
    store = LatentStore(FaceFolder(faces, 32), model.vae, tmp_path)
    own = OwnLatents(model, store)
    assert {own._plan(n).steps for n in range(len(store.faces))} <= made_again


def test_a_large_decoder_is_trained_further(model: FaceMoGLEPipeline) -> None:
    """It was thrown away, and hours of training with it."""
    assert isinstance(model.vae, AutoencoderDC)
    large = with_large_decoder(model.vae, RECIPE)
    again = with_large_decoder(large, RECIPE)
    tokens = torch.randn(1, 4, 64)
    assert torch.equal(decode_tokens(again, tokens, (2, 2)), decode_tokens(large, tokens, (2, 2)))


def test_neither_learns_from_the_other_s_loss() -> None:
    """Or the painter would help the critic, and the critic flatter the painter."""
    critic = Critic((8, 8))
    painted, real = torch.randn(2, 1, 3, 32, 32).unbind()
    painted.requires_grad_()
    realism, features = painter_loss(critic, real, painted)
    (realism + features).backward()
    assert painted.grad is not None and painted.grad.abs().sum() > 0
    assert all(p.grad is None for p in critic.parameters())
    painted.grad = None
    losses = critic_loss(critic, real, painted)
    (losses["critic"] + losses["penalty"]).backward()
    assert painted.grad is None and all(p.grad is not None for p in critic.parameters())


def test_the_critic_learns_to_tell_and_the_painter_to_please() -> None:
    torch.manual_seed(0)
    critic = Critic((8, 8))
    real, painted = torch.randn(4, 3, 32, 32), torch.zeros(4, 3, 32, 32)
    optimizer = torch.optim.AdamW(critic.parameters(), lr=3e-3)
    for _ in range(30):
        loss = critic_loss(critic, real, painted)
        optimizer.zero_grad()
        (loss["critic"] + 0.1 * loss["penalty"]).backward()
        optimizer.step()
    assert critic_loss(critic, real, painted)["told_apart"] > 0.9
    assert painter_loss(critic, real, real)[0] < painter_loss(critic, real, painted)[0]


def test_the_encoder_does_not_learn(model: FaceMoGLEPipeline) -> None:
    assert isinstance(model.vae, AutoencoderDC)
    both = PainterAndCritic(with_large_decoder(model.vae, RECIPE), Critic(RECIPE.critic_channels))
    pair = torch.randn(2, 1, 64), torch.rand(2, 3, 32, 32)
    decoder_loss(both, pair, RECIPE, judged=True)["loss"].backward()
    assert all(p.grad is None for p in both.vae.encoder.parameters())
    learning = [*both.vae.decoder.parameters(), *both.critic.parameters()]
    assert all(p.grad is not None for p in learning)


def test_the_command_trains_a_decoder_for_a_model(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """By default for mini; its steps are its own, not those of the other stages."""
    given = []
    monkeypatch.setattr(decoder, "train_decoder", lambda *one: given.append(one))
    arguments = ["train", "--recipe", "decoder", "--data", str(faces), "--out", str(tmp_path)]
    assert main([*arguments, "--decoder-steps", "7", "--seed", "3"]) == 0
    ((data, folder, recipe, start),) = given
    assert (data, folder, recipe.steps, recipe.seed) == ([str(faces)], tmp_path, 7, 3)
    assert Path(start.name_or_path).name == "mini" and start.vae.dtype == torch.float32
    assert str(tmp_path / "large_vae") in capsys.readouterr().out
    assert main([*arguments, "--from", str(tmp_path / "none")]) == 2
