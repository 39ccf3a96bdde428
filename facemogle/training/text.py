"""Tokenizers and text encoders of the embedded model, and how captions are varied in training."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from typing import Any

from transformers import (
    AddedToken,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerBase,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from facemogle.training.recipe import ModelRecipe

CLIP_LENGTH = 77
CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-/&"
DROP_PHRASE = 0.15
DROP_LEAD = 0.5


def build_tokenizers(captions: Iterable[str], length: int) -> tuple[CLIPTokenizer, T5Tokenizer]:
    """CLIP's byte pairs, learnt from the captions, and T5's pieces: the captions' words, with and
    without a capital, and single characters for all others.

    length: tokens that the T5 tokenizer announces as its limit.
    """
    captions = list(captions)
    # Each character as a word of its own too: a piece that is not known reads as the prompt's end.
    clip = CLIPTokenizer().train_new_from_iterator([*captions, *CHARACTERS], 1024)
    clip.model_max_length = CLIP_LENGTH
    letters = [(letter, -10.0) for letter in CHARACTERS]
    marks = [("▁", -2.0), *((f"▁{letter}", -4.0) for letter in CHARACTERS)]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    t5 = T5Tokenizer(
        vocab=[*special, *_whole(_words(captions)), *letters, *marks],
        extra_ids=0,
        model_max_length=length,
    )
    return clip, t5


def build_encoders(
    recipe: ModelRecipe, clip: CLIPTokenizer, t5: T5Tokenizer
) -> tuple[CLIPTextModel, T5EncoderModel]:
    """Small encoders of FLUX's two kinds, untrained."""
    width, layers, heads = recipe.text_width, recipe.text_layers, recipe.text_width // 32
    ends: dict[str, Any] = {
        f"{name}_token_id": getattr(clip, f"{name}_token_id") for name in ("bos", "eos", "pad")
    }
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(clip),
            hidden_size=width,
            intermediate_size=4 * width,
            projection_dim=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=CLIP_LENGTH,
            **ends,
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


def extend_vocabulary(
    clip: CLIPTokenizer,
    t5: T5Tokenizer,
    text_encoder: CLIPTextModel,
    text_encoder_2: T5EncoderModel,
    captions: Iterable[str],
) -> tuple[CLIPTokenizer, T5Tokenizer]:
    """Tokenizers that know the captions' words as well; the encoders get embeddings for them.

    What the old tokenizers know keeps its id and its embedding. New embeddings are drawn as those
    of a new model, and mean nothing before they are trained.
    """
    words = _words(captions)
    pieces = _whole(words - {piece.removeprefix("▁") for piece in t5.get_vocab()})
    if pieces:
        vocab = [tuple(piece) for piece in _model(t5)["vocab"]]
        t5 = T5Tokenizer(vocab=[*vocab, *pieces], extra_ids=0, model_max_length=t5.model_max_length)
        text_encoder_2.resize_token_embeddings(len(t5), mean_resizing=False)
    letters = {f"{letter}{end}" for letter in CHARACTERS.lower() for end in ("", "</w>")}
    if missing := sorted(letters - clip.get_vocab().keys()):
        vocab, merges = (_model(clip)[part] for part in ("vocab", "merges"))
        vocab |= {letter: len(vocab) + n for n, letter in enumerate(missing)}
        merges = [tuple(pair) for pair in merges]
        parts: dict[str, Any] = {"vocab": vocab, "merges": merges}
        clip = CLIPTokenizer(**parts, model_max_length=clip.model_max_length)
    known = {piece.removesuffix("</w>") for piece in clip.get_vocab()}
    new = sorted({word.lower() for word in words} - known)
    clip.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in new])
    if len(clip) > text_encoder.config.vocab_size:
        text_encoder.resize_token_embeddings(len(clip), mean_resizing=False)
    return clip, t5


def _model(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """A tokenizer's pieces and merges."""
    backend: Any = tokenizer
    return json.loads(backend.backend_tokenizer.to_str())["model"]


def _words(captions: Iterable[str]) -> set[str]:
    """The words of captions, with and without a capital."""
    words = {word for caption in captions for word in re.findall(r"[A-Za-z0-9]+", caption)}
    return {form for word in words for form in (word.lower(), word.capitalize())}


def _whole(words: Iterable[str]) -> list[tuple[str, float]]:
    """T5's pieces for words, whose score must beat their spelling's: the sum of its letters'."""
    return [(f"▁{word}", -2.0) for word in sorted(words) if len(word) > 1]


def vary_caption(caption: str, draw: random.Random) -> str:
    """The caption as another person might have typed it.

    Of a noun phrase the lead ("a rendered portrait of") often goes, phrases between commas go or
    change places; a sentence keeps its words. Either may be all small or begin with a capital, and
    end with a full stop or without.
    """
    if caption.endswith("."):
        return _dressed(caption, draw)
    if draw.random() < DROP_LEAD:
        caption = re.sub(r"^.*?\bportrait of ", "", caption)
    subject, *phrases = caption.split(", ")
    phrases = [phrase for phrase in phrases if draw.random() > DROP_PHRASE]
    draw.shuffle(phrases)
    return _dressed(", ".join([subject, *phrases]), draw)


def _dressed(caption: str, draw: random.Random) -> str:
    letters = draw.random()
    if letters < 0.3:
        caption = caption[:1].upper() + caption[1:]
    elif letters < 0.6:
        caption = caption.lower()
    if draw.random() < 0.4:
        caption = caption.removesuffix(".") + draw.choice([".", ""])
    return caption
