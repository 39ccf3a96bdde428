"""A plain rendering of the reference's algorithm: what the pipeline's images are compared with.

Written from the paper (Face-MoGLE, arXiv 2509.00428) and from what is known of the authors' code:
all 20 mask images are encoded for every image, every step runs one expert after the other, and
the three streams pass FLUX's layers one by one. The result is the pipeline's but for rounding.

Shapes: B rows (images, twice with classifier-free guidance), N image and condition tokens each,
D model width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor, nn

from facemogle.masks.reading import decouple
from facemogle.network.streams import NO_TERMS, Terms
from facemogle.network.text import Text
from facemogle.network.tokens import encode_image, position_ids
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import grid_of
from facemogle.runs.schedule import make_schedule


@torch.no_grad()
def plain_latents(
    pipeline: FaceMoGLEPipeline,
    label_map: np.ndarray,
    text: Text,
    noise: Tensor,
    num_steps: int,
    guidance_scale: float | None = None,
) -> Tensor:
    """Tokens (1, N, C) of an image.

    label_map: uint8 (H, W). text: of the prompt; with a second row, of no prompt, for models
    without a guidance input. noise: (1, N, C).
    """
    mogle, device = pipeline.mogle, noise.device
    images = [encode_image(pipeline.vae, one, device) for one in decouple(label_map)]
    masks = torch.stack(images)[None].to(mogle.dtype)  # (1, 20, N, C)
    schedule = make_schedule(pipeline.scheduler, noise.shape[1], num_steps)
    if guidance_scale is None:
        guidance_scale = float(pipeline.config["default_guidance"])
    first, last = (pipeline.config[name] for name in ("guided_from", "guided_until"))
    latents = noise
    experts = (mogle.global_expert, *mogle.local_experts)
    for timestep in torch.as_tensor(schedule.timesteps):
        t = timestep / schedule.config["num_train_timesteps"]
        rows = len(text.sequence) if last <= t <= first else 1
        weights = mogle.gate(masks[:, 0], latents.to(mogle.dtype), t.double()[None])
        mixed = sum(weights[..., k, None] * expert(masks[:, k]) for k, expert in enumerate(experts))
        velocity = _velocity(
            pipeline.transformer,
            latents.expand(rows, -1, -1),
            torch.as_tensor(mixed).to(noise.dtype).expand(rows, -1, -1),
            Text(text.sequence[:rows], text.pooled[:rows]),
            t.expand(rows).to(device, noise.dtype),
            grid_of(label_map.shape[:2]),
            guidance_scale,
        )
        if rows == 2:
            prompted, unprompted = velocity.chunk(2)
            velocity = unprompted + guidance_scale * (prompted - unprompted)
        step: Any = schedule.step  # annotated for tensors of one old type
        latents = step(velocity, timestep, latents, return_dict=False)[0]
    return latents


@dataclass(frozen=True)
class _Stream:
    """Tokens (B, N, D) on their way, with what is theirs in a double block.

    emb: time embedding after silu (B, D). terms: low-rank terms of the block.
    """

    tokens: Tensor
    emb: Tensor
    terms: Terms
    norms: tuple[str, str] = ("norm1", "norm2")
    heads: tuple[str, ...] = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.norm_q", "attn.norm_k")
    out: str = "attn.to_out.0"
    ff: str = "ff"


_TEXT: dict[str, Any] = {
    "norms": ("norm1_context", "norm2_context"),
    "heads": (
        "attn.add_q_proj",
        "attn.add_k_proj",
        "attn.add_v_proj",
        "attn.norm_added_q",
        "attn.norm_added_k",
    ),
    "out": "attn.to_add_out",
    "ff": "ff_context",
}


def _velocity(
    transformer: Any,
    x_t: Tensor,
    condition: Tensor,
    text: Text,
    t: Tensor,
    grid: tuple[int, int],
    guidance_scale: float,
) -> Tensor:
    guidance = None
    if transformer.config["guidance_embeds"]:
        guidance = torch.full_like(t, guidance_scale)
    temb = transformer._embed_times(t, guidance, text.pooled)
    emb, condition_emb = F.silu(temb).unbind(1)
    lora = transformer.condition_lora
    streams = [
        _Stream(transformer.context_embedder(text.sequence), emb, NO_TERMS, **_TEXT),
        _Stream(transformer.x_embedder(x_t), emb, NO_TERMS),
        _Stream(_linear(transformer, "x_embedder", condition, lora.terms("")), condition_emb, {}),
    ]
    places = position_ids(grid).to(x_t.device)
    none = places.new_zeros(text.sequence.shape[1], 3)
    rotary = transformer.pos_embed(torch.cat([none, places, places]))
    for kind, run in (("transformer_blocks", _double), ("single_transformer_blocks", _single)):
        for index, block in enumerate(getattr(transformer, kind)):
            streams[2] = replace(streams[2], terms=lora.terms(f"{kind}.{index}"))
            streams = run(block, streams, rotary)
    return transformer.proj_out(transformer.norm_out(streams[1].tokens, temb[:, 0]))


def _double(block: Any, streams: Sequence[_Stream], rotary: Any) -> list[_Stream]:
    projected, modulations = [], []
    for stream in streams:
        norm, tokens = stream.norms[0], stream.tokens
        modulation = _linear(block, f"{norm}.linear", stream.emb, stream.terms)
        shift, scale, *rest = modulation[:, None].chunk(6, dim=-1)
        normed = block.get_submodule(norm).norm(tokens) * (1 + scale) + shift
        projected.append(_heads(block, stream.heads, normed, stream.terms))
        modulations.append(rest)
    parts = _attention(streams, projected, rotary)
    done = []
    for stream, attended, rest in zip(streams, parts, modulations, strict=True):
        gate, shift, scale, ff_gate = rest
        tokens = stream.tokens + gate * _linear(block, stream.out, attended, stream.terms)
        normed = block.get_submodule(stream.norms[1])(tokens) * (1 + scale) + shift
        hidden = block.get_submodule(f"{stream.ff}.net.0")(normed)
        update = _linear(block, f"{stream.ff}.net.2", hidden, stream.terms)
        done.append(replace(stream, tokens=tokens + ff_gate * update))
    return done


def _single(block: Any, streams: Sequence[_Stream], rotary: Any) -> list[_Stream]:
    names = _Stream.heads
    projected, normed_streams, gates = [], [], []
    for stream in streams:
        modulation = _linear(block, "norm.linear", stream.emb, stream.terms)
        shift, scale, gate = modulation[:, None].chunk(3, dim=-1)
        normed = block.norm.norm(stream.tokens) * (1 + scale) + shift
        projected.append(_heads(block, names, normed, stream.terms))
        normed_streams.append(normed)
        gates.append(gate)
    parts = _attention(streams, projected, rotary)
    done = []
    for stream, attended, normed, gate in zip(streams, parts, normed_streams, gates, strict=True):
        hidden = block.act_mlp(_linear(block, "proj_mlp", normed, stream.terms))
        update = torch.cat([attended, hidden], dim=-1)
        update = _linear(block, "proj_out", update, stream.terms)
        done.append(replace(stream, tokens=stream.tokens + gate * update))
    return done


def _linear(owner: nn.Module, name: str, x: Tensor, terms: Terms) -> Tensor:
    out = owner.get_submodule(name)(x)
    return out + terms[name](x) if name in terms else out


def _heads(block: Any, names: Sequence[str], x: Tensor, terms: Terms) -> list[Tensor]:
    """Queries, keys and values (B, N, heads, width) by the layers of these names."""
    query, key, value = (
        _linear(block, name, x, terms).unflatten(-1, (-1, block.attn.head_dim))
        for name in names[:3]
    )
    query_norm, key_norm = (block.get_submodule(name) for name in names[3:])
    return [query_norm(query), key_norm(key), value]


def _attention(
    streams: Sequence[_Stream], projected: Sequence[Sequence[Tensor]], rotary: Any
) -> Sequence[Tensor]:
    """What each stream's tokens (B, N, D) read of all streams."""
    query, key, value = (torch.cat(parts, dim=1) for parts in zip(*projected, strict=True))
    turn: Any = apply_rotary_emb
    query, key = (turn(x, rotary, sequence_dim=1) for x in (query, key))
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    out = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
    return out.split([stream.tokens.shape[1] for stream in streams], dim=1)
