"""A decoder that paints twice as large as the VAE's encoder reads, from the same latents.

Encoder, latents and masks stay as they are, so a transformer goes on unchanged: a token of 16x16
pixels of a mask then paints 32x32 pixels of the image.

Shapes: B batch, s side of a crop in tokens, C = 64 channels of a token.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn
from torch.utils.data import Dataset

from facemogle.faces.folder import FaceFolder
from facemogle.faces.paper import open_faces
from facemogle.network.tokens import PIXELS_PER_TOKEN, decode_tokens, painted_per_token
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.clock import Length, Steps
from facemogle.training.critic import Critic, critic_loss, painter_loss
from facemogle.training.data import Joined, Visit, endless, to_model_range
from facemogle.training.latent_store import LatentStore
from facemogle.training.own_latents import OwnLatents
from facemogle.training.recipe import DecoderRecipe
from facemogle.training.run import Run, make_accelerator

PIXELS_PAINTED = 2 * PIXELS_PER_TOKEN
"""Side of the square of an image that the new decoder paints from a token."""

Pair = tuple[Tensor, Tensor]
"""Noisy tokens (s * s, C), and what they are to become: (3, 32 s, 32 s) in [-1, 1]."""


class PaintedCrops(Dataset[Pair]):
    """Crops of a face's tokens with noise, and of its image at twice the size that was encoded.

    Noise makes the decoder invent what the latents do not say for sure. large: the faces at that
    size. store: their latents at half of it. own: the same as the model makes them, some of whose
    errors the decoder so learns to mend.
    """

    def __init__(
        self, large: FaceFolder, store: LatentStore, own: OwnLatents, recipe: DecoderRecipe
    ) -> None:
        self.large, self.store, self.own, self.recipe = large, store, own, recipe

    def __len__(self) -> int:
        return len(self.large)

    def __getitem__(self, visit: Visit) -> Pair:
        draw, generator = random.Random(visit.seed), torch.Generator().manual_seed(visit.seed)
        side, crop = self.large.size // PIXELS_PAINTED, self.recipe.crop
        # Two dice: the middle, where the face is, more often than the corners.
        top, left = (sum(draw.randint(0, side - crop) for _ in "ab") // 2 for _ in "yx")
        own, face = draw.random() < self.recipe.own, visit.face
        if own:
            face %= self.recipe.own_faces
        tokens = self.own.of(face) if own else self.store.image(face)
        tokens = tokens.float().view(side, side, -1)
        tokens = tokens[top : top + crop, left : left + crop].flatten(0, 1)
        noise = torch.randn(tokens.shape, generator=generator)
        level = draw.uniform(0, self.recipe.own_noise if own else self.recipe.noise)
        rows, columns = (
            slice(PIXELS_PAINTED * at, PIXELS_PAINTED * (at + crop)) for at in (top, left)
        )
        image = self.large.image(face)[rows, columns]
        return tokens + level * noise, to_model_range(image)


class PainterAndCritic(nn.Module):
    """What a run of this stage trains: a VAE's new decoder, and who judges it."""

    def __init__(self, vae: AutoencoderDC, critic: Critic) -> None:
        super().__init__()
        self.vae, self.critic = vae, critic


def with_large_decoder(vae: AutoencoderDC, recipe: DecoderRecipe) -> AutoencoderDC:
    """The VAE with a decoder of one level more, whose encoder does not learn.

    One that has such a decoder keeps it, to be trained further.
    """
    config = {
        **vae.config,
        "decoder_block_out_channels": recipe.channels,
        "decoder_layers_per_block": recipe.layers,
        "decoder_qkv_multiscales": ((),) * len(recipe.channels),
    }
    large = cast(AutoencoderDC, AutoencoderDC.from_config(config))
    large.encoder.load_state_dict(vae.encoder.state_dict())
    large.encoder.requires_grad_(False)
    if painted_per_token(vae) == PIXELS_PAINTED:
        large.decoder.load_state_dict(vae.decoder.state_dict())
    large.register_to_config(_name_or_path="")  # or the result would tell where this VAE lay
    untyped: Any = large  # torch has no signature for this
    return untyped.to(memory_format=torch.channels_last)


def decoder_loss(
    model: PainterAndCritic, pair: Pair, recipe: DecoderRecipe, judged: bool
) -> dict[str, Tensor]:
    """Difference in pixels and, if judged, what the critic says; the critic's own loss is part of
    the sum, but neither of the two gets a gradient from the other's.

    What the critic says moves a painted pixel by `judge_share` of what the difference in pixels
    does, in the mean: left alone it grows with the critic's skill, until nothing else counts.
    """
    tokens, image = pair
    side = recipe.crop
    painted = decode_tokens(model.vae, tokens, (side, side)).float()
    pixels = F.l1_loss(painted, image)
    if not judged:
        return {"loss": pixels, "l1": pixels}
    heeded = with_gradient_of(painted, recipe.judge_share * painted.numel() ** -0.5)
    realism, features = painter_loss(model.critic, image, heeded)
    judge = critic_loss(model.critic, image, painted)
    loss = pixels + realism + recipe.feature_weight * features
    loss = loss + judge["critic"] + recipe.penalty_weight * judge["penalty"]
    return {"loss": loss, "l1": pixels, "realism": realism, "features": features, **judge}


def with_gradient_of(x: Tensor, norm: float) -> Tensor:
    """The same values; what comes back to x through them is a gradient of this norm."""
    passed = x.view_as(x)
    if passed.requires_grad:
        passed.register_hook(lambda gradient: gradient * (norm / gradient.norm().clamp_min(1e-12)))
    return passed


def train_decoder(
    data: Sequence[str | Path],
    folder: Path,
    recipe: DecoderRecipe,
    start: FaceMoGLEPipeline,
    length: Length | None = None,
) -> AutoencoderDC:
    """Train a large decoder for a model; its VAE with it, averaged, goes to ``folder/large_vae``.

    start: the model, on whose own latents the decoder learns too. If it has a large decoder, that
    one is trained further, beside a new critic. length: of the run; None = the
    recipe's steps.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    assert isinstance(start.vae, AutoencoderDC)
    vae = with_large_decoder(start.vae, recipe)
    model = PainterAndCritic(vae, Critic(recipe.critic_channels))
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(
            vae.decoder.parameters(), lr=recipe.rate, betas=(0.9, 0.99), weight_decay=1e-3
        ),
        torch.optim.AdamW(model.critic.parameters(), lr=recipe.critic_rate, betas=(0.5, 0.99)),
    ]
    run = Run(
        accelerator,
        model,
        optimizers,
        folder / "decoder_run",
        length or Steps(recipe.steps),
        recipe.ema_decay,
        recipe.max_gradient,
    )
    start.to(accelerator.device)
    crops = []
    for path in data:
        store = LatentStore(open_faces(path, recipe.size // 2), start.vae, folder)
        own = OwnLatents(start, store)
        if recipe.workers:
            share = accelerator.process_index, accelerator.num_processes
            store.fill(lambda n: (), recipe.workers, *share)
            own.fill(recipe.own_faces, *share)
        crops.append(PaintedCrops(open_faces(path, recipe.size), store, own, recipe))
    accelerator.wait_for_everyone()
    loader = endless(
        Joined(crops),
        recipe.batch,
        recipe.seed,
        run.step,
        accelerator.process_index,
        accelerator.num_processes,
        recipe.workers,
    )
    pairs = ([part.to(accelerator.device) for part in pair] for pair in loader)
    goes_on = painted_per_token(start.vae) == PIXELS_PAINTED
    alone = 0.0 if goes_on else recipe.judged_from
    for end, judged in ((alone, False), (1.0, True)):
        run.train(
            pairs,
            lambda pair, judged=judged: decoder_loss(run.model, pair, recipe, judged),
            until=end,
        )
    averaged = run.averaged()
    assert isinstance(averaged, PainterAndCritic)
    result = averaged.vae.cpu().eval()
    if accelerator.is_main_process:
        result.half().save_pretrained(folder / "large_vae")
    accelerator.wait_for_everyone()
    return result.float()
