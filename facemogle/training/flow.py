"""Flow matching: what is trained, what it is shown, and the loss.

x_t = (1 - t) x0 + t x1 with noise x1 and t = sigmoid(N(mean, deviation^2)); the model learns the
velocity x1 - x0 (Face-MoGLE, arXiv 2509.00428, section 3.1, where t = sigmoid(N(0, 1))).

Shapes: B batch, N tokens, R = 20 experts, C = 64 channels, T text tokens.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from facemogle.faces.folder import MapKind
from facemogle.masks.regions import REGIONS
from facemogle.mogle import MoGLE
from facemogle.network.sinusoid import sinusoid
from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.training.data import Visit
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import FlowRecipe, ModelRecipe
from facemogle.training.text import vary_caption
from facemogle.transformer import FaceMoGLETransformer

CHANNELS = 64


class FlowModel(nn.Module):
    """All that is trained together: prompt, mask and noisy image -> velocity."""

    def __init__(
        self,
        transformer: FaceMoGLETransformer,
        mogle: MoGLE,
        text_encoder: nn.Module,
        text_encoder_2: nn.Module,
    ) -> None:
        super().__init__()
        self.transformer, self.mogle = transformer, mogle
        self.text_encoder, self.text_encoder_2 = text_encoder, text_encoder_2

    @classmethod
    def untrained(cls, recipe: ModelRecipe, text_encoder: nn.Module, text_encoder_2: nn.Module):
        """A new model that predicts zero, not noise of its own."""
        head, width = recipe.head_dim, recipe.text_width
        rows = columns = 3 * head // 16 * 2
        transformer = FaceMoGLETransformer(
            in_channels=CHANNELS,
            num_layers=recipe.double_blocks,
            num_single_layers=recipe.single_blocks,
            attention_head_dim=head,
            num_attention_heads=recipe.width // head,
            joint_attention_dim=width,
            pooled_projection_dim=width,
            guidance_embeds=True,
            axes_dims_rope=(head - rows - columns, rows, columns),
            lora_rank=recipe.lora_rank,
        )
        nn.init.zeros_(transformer.proj_out.weight)
        nn.init.zeros_(transformer.proj_out.bias)
        _silence_guidance(transformer)
        return cls(transformer, MoGLE(CHANNELS), text_encoder, text_encoder_2)

    def forward(self, batch: Batch, x_t: Tensor, ids: Tensor, conditioned: bool = True) -> Tensor:
        """x_t (B, N, C), ids (N, 3) -> velocity (B, N, C).

        conditioned: False = from text alone, without a condition stream.
        """
        t = batch.t
        condition_tokens = self.mogle(batch.regions, x_t, t)[0] if conditioned else None
        sequence = self.text_encoder_2(batch.t5_ids)[0]
        has_input = self.transformer.config["guidance_embeds"]
        return self.transformer(
            x_t,
            sequence,
            self.text_encoder(batch.clip_ids).pooler_output,
            t,
            ids,
            ids.new_zeros(sequence.shape[1], 3),
            batch.guidance if has_input else None,
            condition_tokens=condition_tokens,
            return_dict=False,
        )[0]

    def matrices(self) -> list[nn.Parameter]:
        """The blocks' weight matrices, which Muon orthogonalises; not modulation, not LoRA."""
        blocks = [*self.transformer.transformer_blocks, *self.transformer.single_transformer_blocks]
        return [
            parameter
            for block in blocks
            for name, parameter in block.named_parameters()
            if parameter.ndim == 2 and "norm" not in name
        ]


@dataclass
class Batch:
    """clean, noise (B, N, C), regions (B, R, N, C), t (B,) in [0, 1], weights (B, N), how much each
    token counts in the loss, guidance (B,), 1 = none, clip_ids (B, 77), t5_ids (B, T).
    """

    clean: Tensor
    noise: Tensor
    regions: Tensor
    t: Tensor
    weights: Tensor
    guidance: Tensor
    clip_ids: Tensor
    t5_ids: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))

    def rows(self, rows: Tensor) -> Batch:
        """Some of the faces; rows: their indices."""
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def cropped(self, tokens: Tensor) -> Batch:
        """Some of each face's tokens; tokens: their indices."""
        return replace(
            self,
            clean=self.clean[:, tokens],
            noise=self.noise[:, tokens],
            regions=self.regions[:, :, tokens],
            weights=self.weights[:, tokens],
        )


Row = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, str]
"""One face of a batch: clean, noise, regions, t, weights, guidance, caption."""


class FlowData(Dataset[Row]):
    """One face as training sees it: noisy, with a caption and a label map of several, varied, and
    with regions and text dropped at random.
    """

    def __init__(self, store: LatentStore, recipe: FlowRecipe) -> None:
        self.store, self.faces, self.recipe = store, store.faces, recipe

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> Row:
        n, recipe, name = visit.face, self.recipe, self.faces.ids[visit.face]
        draw, generator = random.Random(visit.seed), torch.Generator().manual_seed(visit.seed)
        kind = MapKind(
            bare=name in self.faces.bare and draw.random() < recipe.bare,
            # By face, so that each face's masks are encoded once.
            painted=zlib.crc32(name.encode()) % 1000 < 1000 * recipe.painted,
        )
        regions = self.store.regions(n, kind)
        dropped = torch.rand(len(regions), generator=generator) < recipe.drop_region
        dropped[0] = False
        regions[dropped] = self.store.black
        caption = vary_caption(draw.choice(self.faces.captions[name]), draw)
        clean = self.store.image(n).float()
        noise = torch.randn(clean.shape, generator=generator)
        normal = torch.randn((), generator=generator)
        t = (recipe.t_mean + recipe.t_deviation * normal).sigmoid()
        weights = token_weights(self.faces.label_map(n), recipe.region_weights)
        caption = "" if draw.random() < recipe.drop_text else caption
        guided = caption and draw.random() < recipe.guided
        guidance = torch.tensor(draw.uniform(1, recipe.max_guidance) if guided else 1.0)
        return clean, noise, regions.float(), t, weights, guidance, caption


def token_weights(label_map: np.ndarray, region_weights: Mapping[str, float]) -> Tensor:
    """How much each token counts in the loss: its pixels' mean weight, brought to a mean of 1.

    label_map: uint8 (H, W). region_weights: of pixels, by region name; 1 for those not named.
    Returns float32 (N,).
    """
    by_label = np.array([region_weights.get(region.name, 1) for region in REGIONS], np.float32)
    rows, columns = (side // PIXELS_PER_TOKEN for side in label_map.shape)
    squares = by_label[label_map].reshape(rows, PIXELS_PER_TOKEN, columns, PIXELS_PER_TOKEN)
    weights = torch.from_numpy(squares.mean(axis=(1, 3)).reshape(-1))
    return weights / weights.mean()


def square_of_tokens(side: int, draw: random.Random) -> Tensor:
    """Indices of the tokens of a square, of half to three quarters of an image's side tokens, at
    a random place.

    Seeing a part trains for less, and for edits whose model sees the neighbourhood alone (after
    patch diffusion, arXiv 2304.12526).
    """
    length = max(1, draw.randint(side // 2, side * 3 // 4))
    top, left = draw.randint(0, side - length), draw.randint(0, side - length)
    tokens = torch.arange(side * side).view(side, side)
    return tokens[top : top + length, left : left + length].flatten()


@torch.no_grad()
def guidance_term(
    model: FlowModel,
    batch: Batch,
    x_t: Tensor,
    ids: Tensor,
    no_text: Sequence[Tensor],
    conditioned: bool,
) -> Tensor:
    """What guidance adds to the velocity (B, N, C): (w - 1) (v_prompted - v_unprompted).

    Learnt from the model's own predictions without guidance, so that one pass does what
    classifier-free guidance takes two for (model guidance, arXiv 2502.12154; FLUX.1-dev was
    distilled to the same input). no_text: the ids of as many empty prompts, CLIP's and T5's.
    """
    term = torch.zeros_like(x_t)
    rows = (batch.guidance > 1).nonzero()[:, 0]
    if len(rows):
        prompted = replace(batch, guidance=torch.ones_like(batch.guidance))
        unprompted = replace(prompted, clip_ids=no_text[0], t5_ids=no_text[1])
        with_prompt, without = (
            model(one.rows(rows), x_t[rows], ids, conditioned).float()
            for one in (prompted, unprompted)
        )
        term[rows] = (batch.guidance[rows, None, None] - 1) * (with_prompt - without)
    return term


def flow_loss(
    model: nn.Module,
    batch: Batch,
    ids: Tensor,
    conditioned: bool = True,
    guide: Callable[[Tensor], Tensor] | None = None,
) -> dict[str, Tensor]:
    """Mean squared error of the velocity, weighted by region; the same unweighted; and that of the
    clean latents which the velocity predicts.

    guide: from x_t (B, N, C) to what the velocity is to have besides, see `guidance_term`.
    """
    at = batch.t[:, None, None]
    x_t = (1 - at) * batch.clean + at * batch.noise
    target = batch.noise - batch.clean
    if guide is not None:
        target = target + guide(x_t)
    velocity = model(batch, x_t, ids, conditioned).float()
    error = (velocity - target).square().mean(dim=2)  # (B, N)
    return {
        "loss": (error * batch.weights).mean(),
        "velocity_error": error.mean(),
        "clean_error": (error.mean(dim=1) * batch.t.square()).mean(),
    }


def with_guidance_input(transformer: FaceMoGLETransformer) -> FaceMoGLETransformer:
    """A transformer with FLUX.1-dev's input for guidance, which changes nothing yet."""
    if transformer.config["guidance_embeds"]:
        return transformer
    config = {**transformer.config, "guidance_embeds": True}
    more = cast(FaceMoGLETransformer, FaceMoGLETransformer.from_config(config))
    more.load_state_dict(transformer.state_dict(), strict=False)  # without the new input
    _silence_guidance(more)
    return more


def without_guidance_input(transformer: FaceMoGLETransformer) -> FaceMoGLETransformer:
    """The transformer as it is at a scale of 1, without the input."""
    config = {**transformer.config, "guidance_embeds": False}
    less = cast(FaceMoGLETransformer, FaceMoGLETransformer.from_config(config))
    less.load_state_dict(transformer.state_dict(), strict=False)
    embed: Any = transformer.time_text_embed
    other: Any = less.time_text_embed
    scale = sinusoid(torch.tensor([1000.0]), embed.time_proj.num_channels)
    with torch.no_grad():
        other.timestep_embedder.linear_2.bias += embed.guidance_embedder(scale)[0]
    return less.eval()


def _silence_guidance(transformer: FaceMoGLETransformer) -> None:
    embed: Any = transformer.time_text_embed
    last = embed.guidance_embedder.linear_2
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
