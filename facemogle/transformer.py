"""FLUX with a condition stream, as one diffusers component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from diffusers.hooks import FirstBlockCacheConfig
from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.modeling_utils import ModelMixin as ModelMixin  # from_pretrained looks here
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from torch import Tensor
from torch.nn import Parameter

from facemogle.network.lora import ConditionLoRA, flux_targets, read_official_lora
from facemogle.network.sinusoid import sinusoid
from facemogle.network.streams import DoubleBlock, Rotary, SingleBlock, shared_linear


class FaceMoGLETransformer(FluxTransformer2DModel):
    """Stock FLUX plus condition tokens (Face-MoGLE, arXiv 2509.00428, section 3.3).

    Without condition tokens it is the stock forward pass, bit for bit. Nothing is switched on or
    off in shared modules, so several threads may call it at once.

    lora_rank: rank of the condition stream's low-rank terms; 0 = none.
    lora_alpha: their scale times the rank; None = the rank, as in the published weights.
    The other arguments are those of `FluxTransformer2DModel`.
    """

    _no_split_modules = _repeated_blocks = ("DoubleBlock", "SingleBlock")

    @register_to_config
    def __init__(
        self,
        patch_size: int = 1,
        in_channels: int = 64,
        out_channels: int | None = None,
        num_layers: int = 19,
        num_single_layers: int = 38,
        attention_head_dim: int = 128,
        num_attention_heads: int = 24,
        joint_attention_dim: int = 4096,
        pooled_projection_dim: int = 768,
        guidance_embeds: bool = False,
        axes_dims_rope: tuple[int, int, int] = (16, 56, 56),
        lora_rank: int = 0,
        lora_alpha: float | None = None,
    ) -> None:
        super().__init__(
            patch_size=patch_size,
            in_channels=in_channels,
            out_channels=out_channels,
            num_layers=0,
            num_single_layers=0,
            attention_head_dim=attention_head_dim,
            num_attention_heads=num_attention_heads,
            joint_attention_dim=joint_attention_dim,
            pooled_projection_dim=pooled_projection_dim,
            guidance_embeds=guidance_embeds,
            axes_dims_rope=axes_dims_rope,
        )
        self.register_to_config(num_layers=num_layers, num_single_layers=num_single_layers)
        shape = self.inner_dim, num_attention_heads, attention_head_dim
        self.transformer_blocks.extend(DoubleBlock(*shape) for _ in range(num_layers))
        self.single_transformer_blocks.extend(
            SingleBlock(*shape, is_last=index == num_single_layers - 1)
            for index in range(num_single_layers)
        )
        self._set_lora(ConditionLoRA(flux_targets(self), lora_rank, lora_alpha))

    def add_condition_lora(self, rank: int, alpha: float | None = None) -> None:
        """Give the condition stream new low-rank terms in place of any old ones.

        They change nothing until they are trained or loaded.
        """
        self._replace_lora(ConditionLoRA(flux_targets(self), rank, alpha), alpha)

    def load_condition_lora(self, path: str | Path) -> None:
        """Load low-rank terms in the published layout, from a safetensors file or its folder.

        Raises ValueError if they belong to another base model, and then changes nothing.
        """
        tensors, rank, alpha = read_official_lora(path)
        lora = ConditionLoRA(flux_targets(self), rank, alpha)
        lora.load_official_state_dict(tensors)
        self._replace_lora(lora, alpha)

    def save_condition_lora(self, folder: str | Path) -> Path:
        """Write `pytorch_lora_weights.safetensors` in the published layout."""
        return self.condition_lora.save(folder)

    def enable_cache(self, config: Any) -> None:
        """Leave out blocks whose result would hardly change since the last step; see `CacheMixin`.

        config: a `FirstBlockCacheConfig`. Raises ValueError for another technique: they act on
        attention modules, which are not called as such where condition tokens join in.
        """
        if not isinstance(config, FirstBlockCacheConfig):
            raise ValueError(
                f"{type(config).__name__} would have no effect on the condition stream: take "
                "FirstBlockCacheConfig."
            )
        for block in (DoubleBlock, SingleBlock):
            TransformerBlockRegistry.register(block, TransformerBlockMetadata(1, 0))
        super().enable_cache(config)

    def fuse_qkv_projections(self) -> None:
        """Let queries, keys and values be one matrix product; the condition's terms stay apart.

        Raises ValueError for quantised weights, which cannot be joined, and while a LoRA of the
        base model is loaded, whose terms would be lost.
        """
        if getattr(self, "peft_config", None):
            raise ValueError(
                "A LoRA of the base model is loaded, and fused projections would ignore it: call "
                "fuse_lora() and unload_lora_weights() first."
            )
        weight = self.x_embedder.weight
        if type(weight) is not Parameter:
            raise ValueError(
                f"Weights of the kind {type(weight).__name__} cannot be fused: fuse a model that "
                "is not quantised."
            )
        super().fuse_qkv_projections()

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        pooled_projections: Tensor,
        timestep: Tensor,
        img_ids: Tensor,
        txt_ids: Tensor,
        guidance: Tensor | None = None,
        *,
        condition_tokens: Tensor | None = None,
        condition_ids: Tensor | None = None,
        return_dict: bool = True,
        **stock: Any,
    ) -> Transformer2DModelOutput | tuple[Tensor]:
        """Velocity x1 - x0 of the image tokens.

        hidden_states: noisy image tokens (B, N, in_channels).
        encoder_hidden_states: text features (B, T, joint_attention_dim).
        pooled_projections: pooled text features (B, pooled_projection_dim).
        timestep: t (B,) in [0,1], 1 = noise.
        img_ids, txt_ids: rotary positions (N, 3) and (T, 3), whole numbers or not.
        guidance: (B,), for a config with `guidance_embeds`.
        condition_tokens: (B, M, in_channels); None = no condition stream.
        condition_ids: their rotary positions (M, 3); None = those of the image tokens.
        stock: more arguments of `FluxTransformer2DModel.forward`, without condition tokens only.

        Returns (B, N, out_channels), in a tuple or as `.sample`.
        """
        if condition_tokens is None:
            stock_forward: Any = super().forward
            return stock_forward(
                hidden_states,
                encoder_hidden_states,
                pooled_projections,
                timestep,
                img_ids,
                txt_ids,
                guidance,
                return_dict=return_dict,
                **stock,
            )
        if given := [name for name, value in stock.items() if value is not None]:
            raise ValueError(f"{', '.join(given)}: not possible together with condition_tokens.")

        num_condition = condition_tokens.shape[1]
        joined = torch.cat([hidden_states, condition_tokens], dim=1)
        joined = shared_linear(
            self, self.condition_lora.terms(""), "x_embedder", joined, num_condition
        )
        text = self.context_embedder(encoder_hidden_states)
        temb = self._embed_times(timestep.to(joined.dtype), guidance, pooled_projections)
        condition_ids = img_ids if condition_ids is None else condition_ids
        rotary = self.pos_embed(torch.cat([txt_ids, img_ids, condition_ids]))

        joined = self._run_blocks(text, joined, F.silu(temb), rotary, num_condition)
        sample = self.proj_out(self.norm_out(joined[:, :-num_condition], temb[:, 0]))
        return Transformer2DModelOutput(sample=sample) if return_dict else (sample,)

    def _embed_times(self, t: Tensor, guidance: Tensor | None, pooled: Tensor) -> Tensor:
        """Embeddings of t, for text and image tokens, and of 0, for condition tokens: (B, 2, D)."""
        embed: Any = self.time_text_embed
        channels = embed.time_proj.num_channels
        rest = embed.text_embedder(pooled)
        if guidance is not None:
            features = sinusoid(guidance.to(t.dtype) * 1000, channels)
            rest = embed.guidance_embedder(features.to(pooled.dtype)) + rest
        times = torch.cat([t * 1000, torch.zeros_like(t)])
        features = embed.timestep_embedder(sinusoid(times, channels).to(pooled.dtype))
        return torch.stack([features[: len(t)] + rest, features[len(t) :] + rest], dim=1)

    def _run_blocks(
        self, text: Tensor, joined: Tensor, emb: Tensor, rotary: Rotary, num_condition: int
    ) -> Tensor:
        """Image and condition tokens (B, N + M, D) after all blocks. emb: see `DoubleBlock`."""
        for block in (*self.transformer_blocks, *self.single_transformer_blocks):
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                run: Any = self._gradient_checkpointing_func
                text, joined = run(block, joined, text, emb, rotary, None, num_condition)
            else:
                text, joined = block(
                    hidden_states=joined,
                    encoder_hidden_states=text,
                    temb=emb,
                    image_rotary_emb=rotary,
                    num_condition=num_condition,
                )
        return joined

    def _replace_lora(self, lora: ConditionLoRA, alpha: float | None) -> None:
        """Put terms in place of those there are. alpha: None = their rank."""
        self._set_lora(lora.to(self.device, self.dtype))
        self.register_to_config(lora_rank=lora.rank, lora_alpha=alpha)

    def _set_lora(self, lora: ConditionLoRA) -> None:
        """Low-rank terms, which each block finds by itself."""
        self.condition_lora = lora
        for blocks in ("transformer_blocks", "single_transformer_blocks"):
            for index, block in enumerate(getattr(self, blocks)):
                block.terms = self.condition_lora.terms(f"{blocks}.{index}")
