"""Flow matching: what is trained, and the loss.

x_t = (1 - t) x0 + t x1 with noise x1 and t = sigmoid(N(mean, deviation^2)); the model learns the
velocity x1 - x0 (Face-MoGLE, arXiv 2509.00428, section 3.1, where t = sigmoid(N(0, 1))).

Shapes: B batch, N tokens, R = 20 experts, C = 64 channels, T text tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from facemogle.mogle import MoGLE
from facemogle.network.sinusoid import sinusoid
from facemogle.training.batches import Batch
from facemogle.training.recipe import ModelRecipe
from facemogle.transformer import FaceMoGLETransformer

CHANNELS = 64
MOST_GLOBAL = 0.35


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

    def forward(
        self, batch: Batch, x_t: Tensor, ids: Tensor, conditioned: bool = True
    ) -> tuple[Tensor, Tensor | None]:
        """x_t (B, N, C), ids (N, 3) -> velocity (B, N, C) and gate weights (B, N, R).

        conditioned: False = from text alone, without a condition stream and gate weights.
        """
        t = batch.t
        tokens, weights = self.mogle(batch.regions, x_t, t) if conditioned else (None, None)
        sequence = self.text_encoder_2(batch.t5_ids)[0]
        has_input = self.transformer.config["guidance_embeds"]
        (velocity,) = self.transformer(
            x_t,
            sequence,
            self.text_encoder(batch.clip_ids).pooler_output,
            t,
            ids,
            ids.new_zeros(sequence.shape[1], 3),
            batch.guidance if has_input else None,
            condition_tokens=tokens,
            return_dict=False,
        )
        return velocity, weights

    def matrices(self) -> list[nn.Parameter]:
        """The blocks' weight matrices, which Muon orthogonalises; not modulation, not LoRA."""
        blocks = [*self.transformer.transformer_blocks, *self.transformer.single_transformer_blocks]
        return [
            parameter
            for block in blocks
            for name, parameter in block.named_parameters()
            if parameter.ndim == 2 and "norm" not in name
        ]


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
            model(one.rows(rows), x_t[rows], ids, conditioned)[0].float()
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
    gate_weight: float = 0.0,
) -> dict[str, Tensor]:
    """Mean squared error of the velocity, weighted by region; the same unweighted; that of the
    clean latents which the velocity predicts; and what the gate's prior adds to the loss.

    guide: from x_t (B, N, C) to what the velocity is to have besides, see `guidance_term`.
    gate_weight: how much `gate_loss` counts.
    """
    at = batch.t[:, None, None]
    x_t = (1 - at) * batch.clean + at * batch.noise
    target = batch.noise - batch.clean
    if guide is not None:
        target = target + guide(x_t)
    velocity, weights = model(batch, x_t, ids, conditioned)
    error = (velocity.float() - target).square().mean(dim=2)  # (B, N)
    loss = (error * batch.weights).mean()
    # Without a condition stream there is no gate to learn.
    gate = loss.new_zeros(()) if weights is None else gate_loss(weights, batch.shares, batch.t)
    return {
        "loss": loss + gate_weight * gate,
        "velocity_error": error.mean(),
        "clean_error": (error.mean(dim=1) * batch.t.square()).mean(),
        "gate": gate,
    }


def gate_loss(weights: Tensor, shares: Tensor, t: Tensor) -> Tensor:
    """Cross entropy between gate weights (B, N, R) and what a reader expects of them.

    Each place is mixed from the experts of the regions in its square, shares (B, N, R), and from
    the global expert: by MOST_GLOBAL at t = 1, where the layout is found, and not at all at t = 0,
    where each region's detail is painted. A prior of ours: the paper has none.
    """
    of_global = MOST_GLOBAL * t[:, None, None]
    wanted = torch.cat([of_global.expand_as(shares[..., :1]), (1 - of_global) * shares[..., 1:]], 2)
    log = weights.float().clamp_min(1e-6).log()
    return -(wanted * log).sum(dim=2).mean()


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
    if not transformer.config["guidance_embeds"]:
        return transformer
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
