"""The paper's recipe: a frozen FLUX, and beside it LoRA on the condition stream, experts and gate
(Face-MoGLE, arXiv 2509.00428, section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from prodigyopt import Prodigy
from torch import nn

from facemogle.network.lora import LowRank
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.flow import FlowModel
from facemogle.training.recipe import FlowRecipe
from facemogle.training.run import make_accelerator
from facemogle.training.trainer import FlowTrainer
from facemogle.weights.loading import load_base, save_face_mogle

RANK = 4


def train_paper(
    data: Sequence[str | Path], folder: Path, recipe: FlowRecipe, base: str | Path
) -> FaceMoGLEPipeline:
    """Train a Face-MoGLE part for a base model; it goes to ``folder/face_mogle``.

    base: "flux", "mini" or a folder in FLUX's layout. The result is in the published layout, for
    ``load_pipeline(base, face_mogle=...)``. Mask latents are kept in ``folder``: some 2 MB a face
    at 512x512. Raises CheckpointError.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    precision = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    pipeline = load_base(base, RANK, precision)
    model = FlowModel(
        pipeline.transformer, pipeline.mogle, pipeline.text_encoder, pipeline.text_encoder_2
    )
    model.requires_grad_(False)
    lora = model.transformer.condition_lora
    for term in lora.modules():
        if isinstance(term, LowRank):
            nn.init.normal_(term.lora_A.weight, std=1 / RANK)
    trained = [p for part in (lora, model.mogle) for p in part.float().parameters()]
    for parameter in trained:
        parameter.requires_grad_(True)
    model.transformer.enable_gradient_checkpointing()
    optimizer = Prodigy(
        trained,
        lr=1.0,
        weight_decay=0.01,  # pyright: ignore[reportArgumentType]
        use_bias_correction=True,
        safeguard_warmup=True,
    )
    tokenizers = pipeline.tokenizer, pipeline.tokenizer_2
    trainer = FlowTrainer(
        accelerator, model, [optimizer], tokenizers, pipeline.vae, data, folder, recipe
    )
    trainer.train()
    if accelerator.is_main_process:
        save_face_mogle(pipeline, folder / "face_mogle")
    return pipeline.to(accelerator.device, precision)
