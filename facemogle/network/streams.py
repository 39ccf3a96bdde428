"""FLUX's two kinds of block with a third stream: condition tokens.

Condition tokens join every attention of text and image tokens, without a mask. They use the image
tokens' weights plus low-rank terms of their own, and their own modulation (Face-MoGLE,
arXiv 2509.00428, section 3.3).

The blocks are FLUX's own with one argument more, and `hidden_states` holds image and condition
tokens one after the other, so that shared weights are applied once and whatever hooks diffusers
and accelerate put on a block (offload, caches, compilation) see all streams.

Shapes: B batch, T text, N image and M condition tokens, D model width, H heads, L any length.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_flux import (
    FluxAttention,
    FluxSingleTransformerBlock,
    FluxTransformerBlock,
)
from torch import Tensor, nn

from facemogle.network.lora import LowRank

Terms = Mapping[str, LowRank]
"""Low-rank terms by the path of the layer that they belong to, inside a block."""

Rotary = tuple[Tensor, Tensor]
"""Cosines and sines (L, head width) of the tokens in attention order: text, image, condition."""

NO_TERMS: Terms = MappingProxyType({})


class DoubleBlock(FluxTransformerBlock):
    """Block with weights for text and others for image tokens; condition tokens use the latter.

    terms: registered in the model's `ConditionLoRA`, not here.
    """

    terms = NO_TERMS

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        temb: Tensor,
        image_rotary_emb: Rotary,
        joint_attention_kwargs: dict[str, Any] | None = None,
        num_condition: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """Text tokens (B, T, D), and image and condition tokens (B, N + M, D), after the block.

        hidden_states: (B, N + M, D). encoder_hidden_states: (B, T, D).
        temb: time embeddings after silu, of text and image tokens and of condition tokens
            (B, 2, D).
        num_condition: M; 0 = FLUX's own forward pass and arguments, with temb (B, D) before silu.
        """
        if not num_condition:
            return super().forward(
                hidden_states, encoder_hidden_states, temb, image_rotary_emb, joint_attention_kwargs
            )
        text, attn, terms = encoder_hidden_states, self.attn, self.terms
        modulation = shared_linear(self, terms, "norm1.linear", temb, 1)  # (B, 2, 6 D)
        shift, scale, gate, ff_shift, ff_scale, ff_gate = modulation.chunk(6, dim=-1)
        text_modulation = self.norm1_context.linear(temb[:, :1])  # (B, 1, 6 D)
        t_shift, t_scale, t_gate, t_ff_shift, t_ff_scale, t_ff_gate = text_modulation.chunk(6, -1)

        normed = _modulate(self.norm1.norm(hidden_states), shift, scale, num_condition)
        text_normed = _scale_shift(self.norm1_context.norm(text), t_scale, t_shift)
        query, key, value = _projections(attn, terms, normed, num_condition, num_condition)
        t_query, t_key, t_value = _text_projections(attn, text_normed)
        query = torch.cat([attn.norm_added_q(t_query), attn.norm_q(query)], dim=1)
        key = torch.cat([attn.norm_added_k(t_key), attn.norm_k(key)], dim=1)
        value = torch.cat([t_value, value], dim=1)
        attended = _attend(attn, query, key, value, image_rotary_emb)
        t_attended, attended = attended[:, : text.shape[1]], attended[:, text.shape[1] :]

        update = shared_linear(self, terms, "attn.to_out.0", attended, num_condition)
        joined = hidden_states + _gate(update, gate, num_condition)
        normed = _modulate(self.norm2(joined), ff_shift, ff_scale, num_condition)
        update = shared_linear(self, terms, "ff.net.2", self.ff.net[0](normed), num_condition)
        joined = joined + _gate(update, ff_gate, num_condition)

        text = text + t_gate * attn.to_add_out(t_attended)
        text_normed = _scale_shift(self.norm2_context(text), t_ff_scale, t_ff_shift)
        text = _clip_half(text + t_ff_gate * self.ff_context(text_normed))
        return text, joined


class SingleBlock(FluxSingleTransformerBlock):
    """Block with one set of weights for all streams.

    terms: registered in the model's `ConditionLoRA`, not here.
    is_last: nothing reads the condition tokens after this block, so they only give keys and values;
        they return unchanged.
    """

    terms = NO_TERMS

    def __init__(
        self, dim: int, num_attention_heads: int, attention_head_dim: int, is_last: bool = False
    ) -> None:
        super().__init__(dim, num_attention_heads, attention_head_dim)
        self.is_last = is_last

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        temb: Tensor,
        image_rotary_emb: Rotary,
        joint_attention_kwargs: dict[str, Any] | None = None,
        num_condition: int = 0,
    ) -> tuple[Tensor, Tensor]:
        """As `DoubleBlock.forward`."""
        if not num_condition:
            return super().forward(
                hidden_states, encoder_hidden_states, temb, image_rotary_emb, joint_attention_kwargs
            )
        attn, terms, num_text = self.attn, self.terms, encoder_hidden_states.shape[1]
        tokens = torch.cat([encoder_hidden_states, hidden_states], dim=1)  # (B, T + N + M, D)
        modulation = shared_linear(self, terms, "norm.linear", temb, 1)  # (B, 2, 3 D)
        shift, scale, gate = modulation.chunk(3, dim=-1)
        normed = _modulate(self.norm.norm(tokens), shift, scale, num_condition)

        num_read = 0 if self.is_last else num_condition
        query, key, value = _projections(attn, terms, normed, num_condition, num_read)
        normed = normed[:, : normed.shape[1] - num_condition + num_read]
        attended = _attend(attn, attn.norm_q(query), attn.norm_k(key), value, image_rotary_emb)
        hidden = self.act_mlp(shared_linear(self, terms, "proj_mlp", normed, num_read))
        update = torch.cat([attended, hidden], dim=-1)
        update = shared_linear(self, terms, "proj_out", update, num_read)
        if self.is_last:
            base = tokens[:, :-num_condition] + gate[:, :1] * update
            tokens = torch.cat([base, tokens[:, -num_condition:]], dim=1)
        else:
            tokens = tokens + _gate(update, gate, num_condition)
        tokens = _clip_half(tokens)
        return tokens[:, :num_text], tokens[:, num_text:]


def shared_linear(
    owner: nn.Module, terms: Terms, name: str, x: Tensor, num_condition: int
) -> Tensor:
    """`owner`'s linear `name` over joined tokens, plus its low-rank term on the condition's.

    x: (B, L, in) whose last `num_condition` tokens are the condition's. Returns (B, L, out).
    """
    return _add_term(owner.get_submodule(name)(x), terms, name, x, num_condition)


def _add_term(out: Tensor, terms: Terms, name: str, x: Tensor, num_condition: int) -> Tensor:
    """`out`, with the low-rank term of x added to its last tokens, in place."""
    if name in terms and num_condition:
        out[:, -num_condition:] += terms[name](x[:, -num_condition:])
    return out


def _projections(
    attn: FluxAttention, terms: Terms, x: Tensor, num_condition: int, num_queries: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (B, L, H, D / H) of joined tokens; queries of fewer of them.

    num_queries: condition tokens that ask, all or none.
    """
    asking = x[:, : x.shape[1] - num_condition + num_queries]
    if attn.fused_projections:
        fused, width = attn.to_qkv(x), attn.inner_dim
        query, key, value = (fused.narrow(-1, part * width, width) for part in range(3))
        query = query[:, : asking.shape[1]]
    else:
        query, key, value = attn.to_q(asking), attn.to_k(x), attn.to_v(x)
    query = _add_term(query, terms, "attn.to_q", asking, num_queries)
    key = _add_term(key, terms, "attn.to_k", x, num_condition)
    value = _add_term(value, terms, "attn.to_v", x, num_condition)
    return _heads(query, attn), _heads(key, attn), _heads(value, attn)


def _text_projections(attn: FluxAttention, x: Tensor) -> tuple[Tensor, ...]:
    """Queries, keys and values (B, T, H, D / H) of text tokens."""
    if attn.fused_projections:
        projected = attn.to_added_qkv(x).chunk(3, dim=-1)
    else:
        projected = (attn.add_q_proj(x), attn.add_k_proj(x), attn.add_v_proj(x))
    return tuple(_heads(out, attn) for out in projected)


def _scale_shift(normed: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return normed * (1 + scale) + shift


def _modulate(normed: Tensor, shift: Tensor, scale: Tensor, num_condition: int) -> Tensor:
    """Both streams of `normed`, each scaled and shifted in place by its own (B, 2, D)."""
    for stream, tokens in enumerate(_streams(normed, num_condition)):
        own = slice(stream, stream + 1)
        tokens.mul_(1 + scale[:, own]).add_(shift[:, own])
    return normed


def _gate(update: Tensor, gate: Tensor, num_condition: int) -> Tensor:
    """Both streams of `update`, each times its own gate (B, 2, D), in place."""
    for stream, tokens in enumerate(_streams(update, num_condition)):
        tokens.mul_(gate[:, stream : stream + 1])
    return update


def _streams(tokens: Tensor, num_condition: int) -> tuple[Tensor, Tensor]:
    """Views of the tokens before the condition's, and of the condition's."""
    return tokens[:, :-num_condition], tokens[:, -num_condition:]


def _heads(x: Tensor, attn: FluxAttention) -> Tensor:
    """(B, L, D) -> (B, L, H, D / H)."""
    return x.unflatten(-1, (-1, attn.head_dim))


def _attend(
    attn: FluxAttention, query: Tensor, key: Tensor, value: Tensor, rotary: Rotary
) -> Tensor:
    """Attention without a mask, by the backend chosen for `attn`: (B, L, H, D / H) -> (B, L, D).

    Queries may be those of the first tokens only.
    """
    query, key = _rotate(query, rotary), _rotate(key, rotary)
    processor: Any = attn.processor
    out = dispatch_attention_fn(query, key, value, backend=processor._attention_backend)
    return out.flatten(2, 3).to(query.dtype)


def _rotate(x: Tensor, rotary: Rotary) -> Tensor:
    """Turn (B, L, H, D / H) by the positions of the first L tokens."""
    first: Any = tuple(table[: x.shape[1]] for table in rotary)
    turned: Any = apply_rotary_emb(x, first, sequence_dim=1)
    return turned


def _clip_half(x: Tensor) -> Tensor:
    """As in FLUX: float16 may overflow."""
    return x.clip(-65504, 65504) if x.dtype == torch.float16 else x
