"""FLUX's two kinds of block with a third stream: condition tokens.

Condition tokens join every attention of text and image tokens, without a mask. They use the image
tokens' weights plus low-rank terms of their own, and their own modulation (Face-MoGLE,
arXiv 2509.00428, section 3.3).

Shapes: B batch, T text, N image and M condition tokens, S = T + N, D model width, H heads, L any
length. The *base* stream is what condition tokens share weights with: the image tokens in a double
block, text and image tokens in a single block. *Joined* tensors hold base and condition tokens in
this order along their length, so that shared weights are applied once.
"""

from __future__ import annotations

from collections.abc import Mapping
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

from facemogle.lora import LowRank

Terms = Mapping[str, LowRank]
Rotary = tuple[Tensor, Tensor]
"""Cosines and sines (L, head width) of the tokens in attention order: text, image, condition."""


def shared_linear(
    owner: nn.Module, terms: Terms, name: str, x: Tensor, num_condition: int
) -> Tensor:
    """`owner`'s linear `name` over joined tokens, plus its low-rank term on the condition's.

    x: (B, L, in) whose last `num_condition` tokens are the condition's. Returns (B, L, out).
    """
    out = owner.get_submodule(name)(x)
    if name in terms and num_condition:
        out[:, -num_condition:] += terms[name](x[:, -num_condition:])
    return out


def double_block(
    block: FluxTransformerBlock,
    terms: Terms,
    text: Tensor,
    image: Tensor,
    condition: Tensor,
    emb: Tensor,
    rotary: Rotary,
) -> tuple[Tensor, Tensor, Tensor]:
    """Block with weights for text and others for image tokens; condition tokens use the latter.

    text (B, T, D), image (B, N, D), condition (B, M, D). emb (B, 2, D): time embeddings after silu,
    of text and image tokens and of condition tokens. Returns the three streams.
    """
    num_text, num_condition = text.shape[1], condition.shape[1]
    attn = block.attn
    modulation = shared_linear(block, terms, "norm1.linear", emb, 1)  # (B, 2, 6 D)
    shift, scale, gate, ff_shift, ff_scale, ff_gate = modulation.chunk(6, dim=-1)
    text_modulation = block.norm1_context.linear(emb[:, :1])  # (B, 1, 6 D)
    t_shift, t_scale, t_gate, t_ff_shift, t_ff_scale, t_ff_gate = text_modulation.chunk(6, dim=-1)

    joined = _modulate(block.norm1.norm, image, condition, shift, scale)
    normed = _scale_shift(block.norm1_context.norm(text), t_scale, t_shift)
    query, key, value = (
        _heads(shared_linear(block, terms, f"attn.to_{name}", joined, num_condition), attn)
        for name in "qkv"
    )
    t_query, t_key, t_value = (
        _heads(attn.get_submodule(f"add_{name}_proj")(normed), attn) for name in "qkv"
    )
    query = torch.cat([attn.norm_added_q(t_query), attn.norm_q(query)], dim=1)
    key = torch.cat([attn.norm_added_k(t_key), attn.norm_k(key)], dim=1)
    value = torch.cat([t_value, value], dim=1)
    attended = _attend(attn, query, key, value, rotary)

    joined = attended[:, num_text:]
    joined = shared_linear(block, terms, "attn.to_out.0", joined, num_condition)
    image, condition = _residual(image, condition, gate, joined)
    joined = _modulate(block.norm2, image, condition, ff_shift, ff_scale)
    joined = block.ff.net[0](joined)
    joined = shared_linear(block, terms, "ff.net.2", joined, num_condition)
    image, condition = _residual(image, condition, ff_gate, joined)

    text = text + t_gate * attn.to_add_out(attended[:, :num_text])
    normed = _scale_shift(block.norm2_context(text), t_ff_scale, t_ff_shift)
    text = _clip_half(text + t_ff_gate * block.ff_context(normed))
    return text, image, condition


def single_block(
    block: FluxSingleTransformerBlock,
    terms: Terms,
    base: Tensor,
    condition: Tensor,
    emb: Tensor,
    rotary: Rotary,
    last: bool,
) -> tuple[Tensor, Tensor]:
    """Block with one set of weights for all streams.

    base: text and image tokens (B, S, D). condition (B, M, D). emb as for `double_block`.
    last: nothing reads the condition tokens afterwards, so they only give keys and values; they
    return unchanged. Returns both streams.
    """
    num_condition = condition.shape[1]
    modulation = shared_linear(block, terms, "norm.linear", emb, 1)  # (B, 2, 3 D)
    shift, scale, gate = modulation.chunk(3, dim=-1)
    joined = _modulate(block.norm.norm, base, condition, shift, scale)
    read, num_read = (joined[:, :-num_condition], 0) if last else (joined, num_condition)

    attn = block.attn
    query = attn.norm_q(_heads(shared_linear(block, terms, "attn.to_q", read, num_read), attn))
    key = shared_linear(block, terms, "attn.to_k", joined, num_condition)
    key = attn.norm_k(_heads(key, attn))
    value = _heads(shared_linear(block, terms, "attn.to_v", joined, num_condition), attn)
    attended = _attend(attn, query, key, value, rotary)

    hidden = block.act_mlp(shared_linear(block, terms, "proj_mlp", read, num_read))
    update = torch.cat([attended, hidden], dim=-1)
    update = shared_linear(block, terms, "proj_out", update, num_read)
    if last:
        return _clip_half(base + gate[:, :1] * update), condition
    base, condition = _residual(base, condition, gate, update)
    return _clip_half(base), _clip_half(condition)


def _scale_shift(normed: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return normed * (1 + scale) + shift


def _modulate(
    norm: nn.Module, base: Tensor, condition: Tensor, shift: Tensor, scale: Tensor
) -> Tensor:
    """Both streams normed, each scaled and shifted by its own (B, 2, D), joined."""
    streams = (base, condition)
    return torch.cat(
        [
            _scale_shift(norm(tokens), scale[:, i : i + 1], shift[:, i : i + 1])
            for i, tokens in enumerate(streams)
        ],
        dim=1,
    )


def _residual(
    base: Tensor, condition: Tensor, gate: Tensor, joined: Tensor
) -> tuple[Tensor, Tensor]:
    """Both streams plus their part of `joined`, each times its own gate (B, 2, D)."""
    length = base.shape[1]
    base = base + gate[:, :1] * joined[:, :length]
    return base, condition + gate[:, 1:] * joined[:, length:]


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
