"""Prompts, masks and images -> the features and tokens that a run reads.

Shapes: P prompts, B = P * num_images_per_prompt images, N tokens, R = 20 experts, C = 64 channels
of a token, T text tokens, D and E widths of the text encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from facemogle.masks.hiding import hidden
from facemogle.masks.reading import decouple, read_mask
from facemogle.network.text import Text, given_text, pooled_features, text_of
from facemogle.network.tokens import encode_image
from facemogle.prompts.reading import PromptReading, read_prompt
from facemogle.runs.arguments import prompts_of
from facemogle.runs.decoding import Decoding
from facemogle.runs.experts import LocalMasks
from facemogle.runs.mask_tokens import MaskEncoder
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import mask_size


class Encoding(Decoding):
    """The part of the pipeline that encodes, and caches what it has encoded."""

    text_encoder: CLIPTextModel
    text_encoder_2: T5EncoderModel
    tokenizer: CLIPTokenizer
    tokenizer_2: T5Tokenizer
    mask_encoder: MaskEncoder
    _cached_text: Any

    @torch.no_grad()
    def encode_prompt(
        self,
        prompt: str | Sequence[str],
        prompt_2: str | Sequence[str] | None = None,
        device: torch.device | None = None,
        num_images_per_prompt: int = 1,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        max_sequence_length: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of P prompts, as FluxPipeline's method of this name returns them.

        Arguments are those of `request`; device: None = the pipeline's.
        Returns T5's sequences (B, T, D), CLIP's pooled outputs (B, E), position ids (T, 3).
        """
        device = device or self._execution_device
        text = given_text("", prompt_embeds, pooled_prompt_embeds)
        if text is None:
            second = None if prompt_2 is None else prompts_of(prompt_2, "prompt_2")
            prompts = prompts_of(prompt, "prompt")
            text = self.text_of(prompts, device, second, max_sequence_length)
        sequence, pooled = (
            rows.repeat_interleave(num_images_per_prompt, dim=0)
            for rows in (text.sequence, text.pooled)
        )
        ids = torch.zeros(sequence.shape[1], 3, device=device, dtype=self.text_encoder.dtype)
        return sequence, pooled, ids

    def text_of(
        self,
        prompts: Sequence[str],
        device: torch.device,
        prompts_2: Sequence[str] | None = None,
        length: int | None = None,
    ) -> Text:
        """Features of P prompts on a device; see `request`.

        Those of the last prompts are cached: call `forget` after changing an encoder's weights.
        """
        kinds = tuple(encoder.dtype for encoder in (self.text_encoder, self.text_encoder_2))
        length = length or self.config["text_length"]
        second = prompts if prompts_2 is None else prompts_2
        most = max(len(prompts), len(second))
        both = (tuple(given) * (most // len(given)) for given in (prompts, second))
        pairs = zip(*both, strict=True)
        # Adapters may be scaled and switched off in many ways, so nothing of theirs is cached.
        has_adapters = bool(getattr(self.text_encoder, "peft_config", None))
        features: Any = self._text_of if has_adapters else self._cached_text
        return Text.stacked([features(*pair, length, device, kinds) for pair in pairs])

    def read_prompt(self, prompt: str, length: int | None = None) -> PromptReading:
        """What the model is to read of a prompt, and what of it does not reach the model.

        length: T5 tokens that it reads; None = the config's text_length.
        """
        return read_prompt(prompt, self.tokenizer_2, length or self.config["text_length"])

    @torch.no_grad()
    def _text_of(
        self, prompt: str, prompt_2: str, length: int, device: torch.device, _dtypes: Any
    ) -> Text:
        tokenizers = self.tokenizer, self.tokenizer_2
        encoders = self.text_encoder, self.text_encoder_2
        text = text_of(self.read_prompt(prompt_2, length), tokenizers, encoders, device)
        if prompt == prompt_2:
            return text
        seen = self.read_prompt(prompt, length).text
        return replace(text, pooled=pooled_features(seen, tokenizers[0], encoders[0], device))

    @torch.no_grad()
    def encode_mask(
        self,
        label_map: np.ndarray,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        device: torch.device | None = None,
    ) -> Tensor:
        """Tokens of the 20 mask images (1, R, N, C); images seen before are not encoded again.

        label_map: uint8 (H, W), both multiples of 16. local_masks, muted: as for `stream`.
        device: as for `encode_prompt`.
        """
        images = decouple(hidden(label_map, muted))
        if (local_masks or self.config["local_masks"]) == "empty":
            images[1:] = 0
        device = device or self._execution_device
        return self.mask_encoder.tokens(self.vae, images, device)[None]

    @torch.no_grad()
    def record(self, image: Image.Image, mask: Any, seed: int = 0) -> Recorded:
        """An image that no run led to, to edit it: straight from noise to its tokens.

        image: of any size; resized to the model's. mask: what `read_mask` takes, of that image.
        seed: of the noise. Raises MaskError.
        """
        side = self.config["default_size"]
        grid = self.grid_of(side, side)
        sizes = self.image_size(grid), mask_size(grid)  # encoders read what masks have
        large, small = (
            np.array(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
            for height, width in sizes
        )
        tokens = encode_image(self.vae, small, self._execution_device)[None].cpu()
        noise = torch.randn(tokens.shape, generator=torch.Generator().manual_seed(seed))
        label_map = read_mask(mask, size=mask_size(grid)).label_map
        latents = torch.cat([noise.to(tokens.dtype), tokens])
        return Recorded(label_map, large, (1.0, 0.0), latents)

    def forget(self) -> None:
        """Drop what was derived from prompts, mask images and the VAE before."""
        self._cached_text.cache_clear()
        self._latent_to_rgb.cache_clear()
        self._quick_decoder.cache_clear()
        self.mask_encoder.forget()
