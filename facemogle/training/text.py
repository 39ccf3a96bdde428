"""Tokenizers and text encoders of the embedded model, and how captions are varied in training."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable

from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from facemogle.training.recipe import FlowRecipe

CLIP_LENGTH = 77
CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-/&"
DROP_PHRASE = 0.15
DROP_LEAD = 0.5


def build_tokenizers(captions: Iterable[str], length: int) -> tuple[CLIPTokenizer, T5TokenizerFast]:
    """CLIP's byte pairs, learnt from the captions, and T5's pieces: the captions' words, with and
    without a capital, and single characters for all others.

    length: tokens that the T5 tokenizer announces as its limit.
    """
    captions = list(captions)
    clip = CLIPTokenizer().train_new_from_iterator(captions, 1024)
    clip.model_max_length = CLIP_LENGTH
    counts = Counter(word for caption in captions for word in re.findall(r"[A-Za-z0-9]+", caption))
    words = {form for word in counts for form in (word.lower(), word.capitalize())}
    # A whole word must beat its spelling, whose score is the sum of its characters' scores.
    pieces = [(f"▁{word}", -2.0) for word in sorted(words) if len(word) > 1]
    letters = [(letter, -10.0) for letter in CHARACTERS]
    marks = [("▁", -2.0), *((f"▁{letter}", -4.0) for letter in CHARACTERS)]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    t5 = T5TokenizerFast(
        vocab=[*special, *pieces, *letters, *marks], extra_ids=0, model_max_length=length
    )
    return clip, t5


def build_encoders(
    recipe: FlowRecipe, clip: CLIPTokenizer, t5: T5TokenizerFast
) -> tuple[CLIPTextModel, T5EncoderModel]:
    """Small encoders of FLUX's two kinds, untrained."""
    width, layers, heads = recipe.text_width, recipe.text_layers, recipe.text_width // 32
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(clip),
            hidden_size=width,
            intermediate_size=4 * width,
            projection_dim=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=CLIP_LENGTH,
            bos_token_id=clip.bos_token_id,
            eos_token_id=clip.eos_token_id,
            pad_token_id=clip.pad_token_id,
        )
    )
    text_encoder_2 = T5EncoderModel(
        T5Config(
            vocab_size=len(t5),
            d_model=width,
            d_kv=32,
            d_ff=2 * width,
            num_layers=layers,
            num_heads=heads,
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,
            is_encoder_decoder=False,
            use_cache=False,
        )
    )
    return text_encoder, text_encoder_2


def vary_caption(caption: str, draw: random.Random) -> str:
    """The caption as another person might have typed it.

    The lead ("a rendered portrait of") often goes, phrases between commas go or change places, the
    first letter may be a capital and the end a full stop.
    """
    if draw.random() < DROP_LEAD:
        caption = re.sub(r"^.*?\bportrait of ", "", caption)
    subject, *phrases = caption.split(", ")
    phrases = [phrase for phrase in phrases if draw.random() > DROP_PHRASE]
    draw.shuffle(phrases)
    caption = ", ".join([subject, *phrases])
    if draw.random() < 0.3:
        caption = caption[:1].upper() + caption[1:]
    return caption + ("." if draw.random() < 0.3 else "")
