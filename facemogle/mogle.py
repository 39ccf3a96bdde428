"""Mixture of global and local experts: from 20 encoded mask images to one set of condition tokens.

Shapes: B batch, R = 20 experts (0 global, 1..19 the regions), N tokens (one per 16x16 pixels),
C = 64 channels (a 2x2 patch of 16 latent channels).
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.embeddings import TimestepEmbedding
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from facemogle.masks.regions import NUM_EXPERTS
from facemogle.network.sinusoid import sinusoid, widest_float


class Expert(nn.Module):
    """Two-layer perceptron on tokens: E(z) = W2 relu(W0 z + b0) + b2."""

    def __init__(self, channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(channels, hidden_channels), nn.ReLU(), nn.Linear(hidden_channels, channels)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        return self.net(tokens)


class Gate(nn.Module):
    """How much each expert weighs at each token: softmax g(z0 + P x_t + e(t)).

    z0: global mask tokens. P: linear map of the noisy tokens. e: sinusoid, linear, SiLU, linear.
    """

    def __init__(self, channels: int, num_experts: int, time_scale: float) -> None:
        super().__init__()
        self.time_scale = time_scale
        self.timestep_embedding = TimestepEmbedding(channels, channels)
        self.noise_proj = nn.Linear(channels, channels)
        self.gate = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, num_experts)
        )

    def embed_time(self, t: Tensor) -> Tensor:
        """e(t): (B,) in [0,1] -> (B, C)."""
        weight = self.timestep_embedding.linear_1.weight
        # In float64: t = timestep / 1000 must give the very timestep back.
        scaled = t.to(widest_float(t.device)) * self.time_scale
        features = sinusoid(scaled.float(), weight.shape[1])
        return self.timestep_embedding(features.to(weight))

    def forward(self, global_tokens: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        joined = global_tokens + self.noise_proj(x_t) + self.embed_time(t)[:, None]
        return self.gate(joined).softmax(dim=-1)


def reweighted(weights: Tensor, strengths: Tensor) -> Tensor:
    """Weights times each expert's strength, brought back to a sum of 1.

    weights: (..., R), softmax outputs. strengths: (R,), at least 0, not all 0; 1 = untouched.
    """
    scaled = weights * strengths
    # In half precision everything that is left may have been rounded to 0.
    return scaled / scaled.sum(dim=-1, keepdim=True).clamp_min(torch.finfo(scaled.dtype).tiny)


class MoGLE(ModelMixin, ConfigMixin):
    """Experts, gate and mix of Face-MoGLE (arXiv 2509.00428, section 3.2).

    c_t = sum_k w_k(t, x_t) * E_k(z_k), with z_k the k-th mask image's tokens. Only the gate depends
    on t and x_t: call `experts` once per mask, then `gate` and `mix` in every step.

    Parameter names are those of the published `global_local_mask_moe` file.

    in_channels: channels C of a token.
    hidden_channels: width of the experts.
    num_experts: R; expert 0 is global, expert k belongs to region k - 1.
    time_scale: the gate's sinusoid gets t * time_scale. The published weights' images were made
        with 1000.
    """

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(
        self,
        in_channels: int = 64,
        hidden_channels: int = 32,
        num_experts: int = NUM_EXPERTS,
        time_scale: float = 1000.0,
    ) -> None:
        super().__init__()
        self.global_expert = Expert(in_channels, hidden_channels)
        self.local_experts = nn.ModuleList(
            Expert(in_channels, hidden_channels) for _ in range(num_experts - 1)
        )
        self.gating = Gate(in_channels, num_experts, time_scale)

    def enable_group_offload(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, onload_device: torch.device | str, **options: Any
    ) -> None:
        """Stay on the device as a whole, whatever the options for large models are.

        It is tiny beside FLUX, and offloading acts on calls of layers, which `experts` spares.
        """
        self.to(onload_device)  # pyright: ignore[reportArgumentType]

    def experts(self, condition_latents: Tensor) -> Tensor:
        """All experts, each on its own mask image: (B, R, N, C) -> (B, R, N, C)."""
        # Two batched products instead of forty small ones.
        return self._layer(2, F.relu(self._layer(0, condition_latents)))

    def _layer(self, index: int, tokens: Tensor) -> Tensor:
        """Layer `index` of every expert: (B, R, N, in) -> (B, R, N, out)."""
        experts = (self.global_expert, *self.local_experts)
        layers = [cast(nn.Linear, expert.get_submodule(f"net.{index}")) for expert in experts]
        weight = torch.stack([layer.weight for layer in layers])  # (R, out, in)
        bias = torch.stack([layer.bias for layer in layers])  # (R, out)
        return tokens @ weight.mT + bias[:, None]

    def gate(self, global_tokens: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """Weights of the experts at each token; they sum to 1.

        global_tokens: (B, N, C), tokens of the global mask image, `condition_latents[:, 0]`.
        x_t: (B, N, C), noisy image tokens. t: (B,) in [0,1], 1 = noise. Returns (B, N, R).
        """
        return self.gating(global_tokens, x_t, t)

    def mix(self, weights: Tensor, expert_tokens: Tensor) -> Tensor:
        """Condition tokens sum_k w_k E_k: (B, N, R), (B, R, N, C) -> (B, N, C)."""
        return torch.einsum("bnr,brnc->bnc", weights, expert_tokens)

    def forward(self, condition_latents: Tensor, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Experts, gate and mix in one call, for training.

        condition_latents: (B, R, N, C). x_t: (B, N, C). t: (B,) in [0,1], 1 = noise.
        Returns condition tokens (B, N, C) and gate weights (B, N, R).
        """
        weights = self.gate(condition_latents[:, 0], x_t, t)
        return self.mix(weights, self.experts(condition_latents)), weights
