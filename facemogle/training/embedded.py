"""The embedded model's second stage: transformer, text encoders, experts and gate together."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from diffusers import AutoencoderDC, FlowMatchEulerDiscreteScheduler
from torch.optim import Optimizer
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from facemogle.faces.paper import open_faces
from facemogle.network.tokens import PIXELS_PER_TOKEN, painted_per_token
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.clock import Length
from facemogle.training.few_steps import FewStepsTrainer, Teacher
from facemogle.training.flow import FlowModel, with_guidance_input, without_guidance_input
from facemogle.training.muon import Muon
from facemogle.training.recipe import FewSteps, FlowRecipe, ModelRecipe
from facemogle.training.run import make_accelerator
from facemogle.training.text import build_encoders, build_tokenizers, extend_vocabulary
from facemogle.training.trainer import FlowTrainer

Tokenizers = tuple[CLIPTokenizer, T5Tokenizer]


def train_embedded(
    data: Sequence[str | Path],
    folder: Path,
    recipe: FlowRecipe,
    start: FaceMoGLEPipeline | None = None,
    few: FewSteps | None = None,
    blend: float = 1.0,
    length: Length | None = None,
    latents: Path | None = None,
) -> FaceMoGLEPipeline:
    """Train on the VAE in ``folder/vae``; the pipeline goes to ``folder/pipeline``.

    start: the model to go on from; words of the captions that it lacks are added to its own.
    None = an untrained one. few: distil the start into fewer steps. blend: share of the trained
    weights in the result, the rest being the start's: what is new is learnt, and less of what was
    there forgotten (WiSE-FT, arXiv 2109.01903). length, latents: see `FlowTrainer`. The stored
    transformer is in half precision, to take less room.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    captions = [
        caption
        for path in data
        for several in open_faces(path, recipe.stages[-1].size).captions.values()
        for caption in several
    ]
    if start:
        model, tokenizers = _trained(start, captions, bool(recipe.guided))
    else:
        if accelerator.is_main_process and not (folder / "tokenizer_2").is_dir():
            _write_tokenizers(captions, folder)
        accelerator.wait_for_everyone()
        model, tokenizers = _untrained(folder)
    precision = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    vae = AutoencoderDC.from_pretrained(folder / "vae", dtype=precision)
    before = copy.deepcopy(model.state_dict()) if blend < 1 else {}
    optimizers = _optimizers(model, recipe)
    parts = accelerator, model, optimizers, tokenizers, vae, data, folder, recipe, length, latents
    if few:
        trainer = FewStepsTrainer(*parts, teacher=Teacher(model, few), scheduler=make_scheduler())
    else:
        trainer = FlowTrainer(*parts)
    model = trainer.train()
    weights = model.state_dict()
    for name, start_weights in before.items():
        if start_weights.is_floating_point():
            weights[name].lerp_(start_weights, 1 - blend)
    if not recipe.guided:
        model.transformer = without_guidance_input(model.transformer)
    pipeline = _pipeline(model, tokenizers, folder / "vae", recipe.stages[-1].size, few)
    if accelerator.is_main_process:
        pipeline.transformer.half()
        pipeline.save_pretrained(folder / "pipeline")
        pipeline.transformer.float()
    return pipeline


def _write_tokenizers(captions: Sequence[str], folder: Path) -> None:
    """Byte pairs get other ids whenever they are learnt: all processes, and a run that goes on,
    need those that were learnt first.
    """
    clip, t5 = build_tokenizers(captions, ModelRecipe().text_length)
    clip.save_pretrained(folder / "tokenizer")
    t5.save_pretrained(folder / "tokenizer_2")


def _untrained(folder: Path) -> tuple[FlowModel, Tokenizers]:
    recipe = ModelRecipe()
    clip = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    t5 = T5Tokenizer.from_pretrained(folder / "tokenizer_2")
    model = FlowModel.untrained(recipe, *build_encoders(recipe, clip, t5))
    return model, (clip, t5)


def _trained(
    start: FaceMoGLEPipeline, captions: Sequence[str], guided: bool
) -> tuple[FlowModel, Tokenizers]:
    # Where a part was loaded from would otherwise be stored in the pipeline's files.
    for part in (start.transformer, start.mogle):
        part.register_to_config(_name_or_path="")
    encoders = start.text_encoder, start.text_encoder_2
    tokenizers = extend_vocabulary(start.tokenizer, start.tokenizer_2, *encoders, captions)
    transformer = with_guidance_input(start.transformer) if guided else start.transformer
    return FlowModel(transformer, start.mogle, *encoders).train(), tokenizers


def _optimizers(model: FlowModel, recipe: FlowRecipe) -> list[Optimizer]:
    matrices = model.matrices()
    experts = list(model.mogle.parameters())
    elsewhere = {*map(id, matrices), *map(id, experts)}
    others = [p for p in model.parameters() if id(p) not in elsewhere]
    groups = [{"params": others, "lr": recipe.rate}, {"params": experts, "lr": recipe.expert_rate}]
    return [
        Muon(matrices, recipe.matrix_rate),
        torch.optim.AdamW(groups, betas=(0.9, 0.99), weight_decay=0.01),
    ]


def _pipeline(
    model: FlowModel, tokenizers: Tokenizers, vae_folder: Path, size: int, few: FewSteps | None
) -> FaceMoGLEPipeline:
    vae = AutoencoderDC.from_pretrained(vae_folder)
    vae.register_to_config(_name_or_path="")
    return FaceMoGLEPipeline(
        transformer=model.transformer,
        vae=vae,
        text_encoder=cast(CLIPTextModel, model.text_encoder),
        text_encoder_2=cast(T5EncoderModel, model.text_encoder_2),
        tokenizer=tokenizers[0],
        tokenizer_2=tokenizers[1],
        scheduler=make_scheduler(),
        mogle=model.mogle,
        default_size=size // PIXELS_PER_TOKEN * painted_per_token(vae),
        default_steps=few.steps if few else ModelRecipe().default_steps,
        text_length=tokenizers[1].model_max_length,
        edit_context=ModelRecipe().edit_context,
        strength_guides=True,
        fixed_size=True,
        guided_from=ModelRecipe().guided_from,
        guided_until=ModelRecipe().guided_until,
        # What was distilled is guided already.
        default_guidance=1.0 if few else ModelRecipe().default_guidance,
    )


def make_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """FLUX.1-dev's noise levels."""
    return FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15
    )
