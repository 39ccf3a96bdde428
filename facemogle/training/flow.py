"""Second stage: transformer, text encoders, experts and gate together, by flow matching.

x_t = (1 - t) x0 + t x1 with noise x1 and t = sigmoid(N(0, 1)); the model learns the velocity
x1 - x0 (Face-MoGLE, arXiv 2509.00428, section 3.1).

Shapes: B batch, N tokens, R = 20 experts, C = 64 channels, T text tokens.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from diffusers import AutoencoderDC, FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn
from torch.utils.data import Dataset

from facemogle.latents import position_ids
from facemogle.mogle import MoGLE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.training.data import FaceFolder, endless
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import FlowRecipe, Stage
from facemogle.training.run import Run, make_accelerator
from facemogle.training.text import build_encoders, build_tokenizers, vary_caption
from facemogle.transformer import FaceMoGLETransformer

CHANNELS = 64


class FlowModel(nn.Module):
    """All that is trained together: prompt, mask and noisy picture -> velocity."""

    def __init__(
        self,
        transformer: FaceMoGLETransformer,
        mogle: MoGLE,
        text_encoder: nn.Module,
        text_encoder_2: nn.Module,
    ) -> None:
        super().__init__()
        self.transformer, self.mogle = transformer, mogle
        self.text_encoder, self.text_encoder_2 = text_encoder, text_encoder_2

    @classmethod
    def untrained(cls, recipe: FlowRecipe, text_encoder: nn.Module, text_encoder_2: nn.Module):
        """A new model that predicts zero, not noise of its own."""
        head, width = recipe.head_dim, recipe.text_width
        rows = columns = 3 * head // 16 * 2
        transformer = FaceMoGLETransformer(
            in_channels=CHANNELS,
            num_layers=recipe.double_blocks,
            num_single_layers=recipe.single_blocks,
            attention_head_dim=head,
            num_attention_heads=recipe.width // head,
            joint_attention_dim=width,
            pooled_projection_dim=width,
            guidance_embeds=False,
            axes_dims_rope=(head - rows - columns, rows, columns),
            lora_rank=recipe.lora_rank,
        )
        nn.init.zeros_(transformer.proj_out.weight)
        nn.init.zeros_(transformer.proj_out.bias)
        return cls(transformer, MoGLE(CHANNELS), text_encoder, text_encoder_2)

    def forward(
        self, batch: Batch, x_t: Tensor, t: Tensor, ids: Tensor, conditioned: bool = True
    ) -> Tensor:
        """x_t (B, N, C), t (B,) in [0, 1], ids (N, 3) -> velocity (B, N, C).

        conditioned: False = from text alone, without a condition stream.
        """
        condition_tokens = self.mogle(batch.regions, x_t, t)[0] if conditioned else None
        sequence = self.text_encoder_2(batch.t5_ids)[0]
        return self.transformer(
            x_t,
            sequence,
            self.text_encoder(batch.clip_ids).pooler_output,
            t,
            ids,
            ids.new_zeros(sequence.shape[1], 3),
            condition_tokens=condition_tokens,
            return_dict=False,
        )[0]

    def matrices(self) -> list[nn.Parameter]:
        """The blocks' weight matrices, which Muon orthogonalises; not modulation, not LoRA."""
        blocks = [*self.transformer.transformer_blocks, *self.transformer.single_transformer_blocks]
        return [
            parameter
            for block in blocks
            for name, parameter in block.named_parameters()
            if parameter.ndim == 2 and "norm" not in name
        ]


@dataclass
class Batch:
    """clean (B, N, C), regions (B, R, N, C), clip_ids (B, 77), t5_ids (B, T)."""

    clean: Tensor
    regions: Tensor
    clip_ids: Tensor
    t5_ids: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


class FlowData(Dataset[tuple[Tensor, Tensor, str]]):
    """Latents and a varied caption of one face, with regions and text dropped at random."""

    def __init__(self, store: LatentStore, faces: FaceFolder, recipe: FlowRecipe) -> None:
        self.store, self.faces, self.recipe = store, faces, recipe

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, n: int) -> tuple[Tensor, Tensor, str]:
        clean, regions = self.store.read(n)
        dropped = torch.rand(len(regions)) < self.recipe.drop_region
        dropped[0] = False
        regions[dropped] = self.store.black()
        if torch.rand(()) < self.recipe.drop_text:
            return clean, regions, ""
        # Seeded by torch's generator, whose state is saved and restored with a run.
        draw = random.Random(int(torch.randint(2**31, ())))
        return clean, regions, vary_caption(self.faces.captions[self.faces.ids[n]], draw)


class FlowTrainer:
    """Trains through the recipe's stages, one picture size after the other, and resumes.

    start: the model to go on from, with its words; None = an untrained one.
    """

    def __init__(
        self, data: Path, folder: Path, recipe: FlowRecipe, start: FaceMoGLEPipeline | None
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self.accelerator: Accelerator = make_accelerator(recipe.mixed_precision)
        torch.manual_seed(recipe.seed)
        self.faces = FaceFolder(data, recipe.stages[-1].size)
        self.vae: AutoencoderDC = AutoencoderDC.from_pretrained(folder / "vae")
        # Where a part was loaded from would otherwise be stored in the pipeline's files.
        for part in (self.vae, start.transformer, start.mogle) if start else (self.vae,):
            part.register_to_config(_name_or_path="")
        self.vae.to(self.accelerator.device)
        if start:
            self.tokenizers = start.tokenizer, start.tokenizer_2
            encoders = start.text_encoder, start.text_encoder_2
            model = FlowModel(start.transformer, start.mogle, *encoders).train()
        else:
            self.tokenizers = build_tokenizers(self.faces.captions.values(), recipe.text_length)
            model = FlowModel.untrained(recipe, *build_encoders(recipe, *self.tokenizers))
        self.ends = list(accumulate(stage.steps for stage in recipe.stages))
        matrices = model.matrices()
        others = [p for p in model.parameters() if all(p is not m for m in matrices)]
        optimizers = [
            torch.optim.Muon(
                matrices, lr=recipe.matrix_rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.01),
        ]
        self.run = Run(
            self.accelerator,
            model,
            optimizers,
            folder / "flow_run",
            self.ends[-1],
            recipe.ema_decay,
        )

    def train(self) -> FaceMoGLEPipeline:
        """The pipeline with averaged weights."""
        for stage, end in zip(self.recipe.stages, self.ends, strict=True):
            if self.run.step < end:
                self._train_stage(stage, end)
        return self._pipeline(self.run.averaged().cpu().eval())

    def _train_stage(self, stage: Stage, end: int) -> None:
        faces = FaceFolder(self.faces.folder, stage.size, stage.faces)
        store = LatentStore.of(faces, self.vae, self.folder / f"latents_{stage.size}")
        data = FlowData(store, faces, self.recipe)
        loader = endless(
            data, stage.batch, self.recipe.seed, self.run.step, collate_fn=self._collate
        )
        # One place in the picture has the same position at every picture size.
        side = stage.size // 16
        scale = self.recipe.stages[-1].size / stage.size
        ids = position_ids((side, side)) * torch.tensor([1.0, scale, scale])
        ids = ids.to(self.accelerator.device)
        batches = (batch.to(self.accelerator.device) for batch in loader)

        def loss_of(batch: Batch) -> dict[str, Tensor]:
            conditioned = bool(torch.rand(()) >= self.recipe.drop_mask)
            return flow_loss(self.run.model, batch, ids, conditioned)

        self.run.train(batches, loss_of, until=end)

    def _collate(self, rows: list[tuple[Tensor, Tensor, str]]) -> Batch:
        clean, regions, captions = zip(*rows, strict=True)
        ids = [
            tokenizer(
                list(captions),
                padding="max_length",
                max_length=tokenizer.model_max_length,
                truncation=True,
                return_tensors="pt",
            ).input_ids
            for tokenizer in self.tokenizers
        ]
        return Batch(torch.stack(clean).float(), torch.stack(regions).float(), *ids)

    def _pipeline(self, model: FlowModel) -> FaceMoGLEPipeline:
        tokenizer, tokenizer_2 = self.tokenizers
        return FaceMoGLEPipeline(
            transformer=model.transformer,
            vae=self.vae.cpu(),
            text_encoder=model.text_encoder,
            text_encoder_2=model.text_encoder_2,
            tokenizer=tokenizer,
            tokenizer_2=tokenizer_2,
            scheduler=FlowMatchEulerDiscreteScheduler(
                use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15
            ),
            mogle=model.mogle,
            default_size=self.recipe.stages[-1].size,
            default_steps=self.recipe.default_steps,
            text_length=self.recipe.text_length,
        )


def flow_loss(
    model: nn.Module, batch: Batch, ids: Tensor, conditioned: bool = True
) -> dict[str, Tensor]:
    """Mean squared error of the velocity, and of the clean latents it predicts, at random t."""
    noise = torch.randn_like(batch.clean)
    t = torch.randn(len(noise), device=noise.device).sigmoid()
    at = t[:, None, None]
    x_t = (1 - at) * batch.clean + at * noise
    velocity = model(batch, x_t, t, ids, conditioned).float()
    error = F.mse_loss(velocity, noise - batch.clean, reduction="none").mean(dim=(1, 2))
    return {"loss": error.mean(), "clean_error": (error * t.square()).mean()}


def train_flow(
    data: Path, folder: Path, recipe: FlowRecipe, start: FaceMoGLEPipeline | None = None
) -> FaceMoGLEPipeline:
    """Train on the VAE in ``folder/vae``; the pipeline goes to ``folder/pipeline``.

    start: the model to go on from; None = an untrained one. The stored transformer is in half
    precision, to take less room.
    """
    pipeline = FlowTrainer(data, folder, recipe, start).train()
    pipeline.transformer.half()
    pipeline.save_pretrained(folder / "pipeline")
    pipeline.transformer.float()
    return pipeline
