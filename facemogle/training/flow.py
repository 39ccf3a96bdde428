"""Second stage: transformer, text encoders, experts and gate together, by flow matching.

x_t = (1 - t) x0 + t x1 with noise x1 and t = sigmoid(N(0, 1)); the model learns the velocity
x1 - x0 (Face-MoGLE, arXiv 2509.00428, section 3.1).

Shapes: B batch, N tokens, R = 20 experts, C = 64 channels, T text tokens.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import AutoencoderDC, FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn
from torch.utils.data import Dataset

from facemogle.latents import PIXELS_PER_TOKEN, position_ids
from facemogle.mogle import MoGLE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.regions import REGIONS
from facemogle.training.data import FaceFolder, Joined, MapKind, Visit, endless
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import REGION_WEIGHTS, FlowRecipe, Stage
from facemogle.training.run import Run, make_accelerator
from facemogle.training.text import (
    build_encoders,
    build_tokenizers,
    extend_vocabulary,
    vary_caption,
)
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

    def forward(self, batch: Batch, x_t: Tensor, ids: Tensor, conditioned: bool = True) -> Tensor:
        """x_t (B, N, C), ids (N, 3) -> velocity (B, N, C).

        conditioned: False = from text alone, without a condition stream.
        """
        t = batch.t
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
    """clean, noise (B, N, C), regions (B, R, N, C), t (B,) in [0, 1], weights (B, N), how much each
    token counts in the loss, clip_ids (B, 77), t5_ids (B, T).
    """

    clean: Tensor
    noise: Tensor
    regions: Tensor
    t: Tensor
    weights: Tensor
    clip_ids: Tensor
    t5_ids: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


Row = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, str]
"""One face of a batch: clean, noise, regions, t, weights, caption."""


class FlowData(Dataset[Row]):
    """One face as training sees it: noisy, with a caption and a label map of several, varied, and
    with regions and text dropped at random.
    """

    def __init__(self, store: LatentStore, recipe: FlowRecipe) -> None:
        self.store, self.faces, self.recipe = store, store.faces, recipe

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> Row:
        n, recipe, name = visit.face, self.recipe, self.faces.ids[visit.face]
        draw, generator = random.Random(visit.seed), torch.Generator().manual_seed(visit.seed)
        kind = MapKind(
            bare=name in self.faces.bare and draw.random() < recipe.bare,
            # By face, so that each face's masks are encoded once.
            painted=zlib.crc32(name.encode()) % 1000 < 1000 * recipe.painted,
        )
        regions = self.store.regions(n, kind)
        dropped = torch.rand(len(regions), generator=generator) < recipe.drop_region
        dropped[0] = False
        regions[dropped] = self.store.black
        caption = vary_caption(draw.choice(self.faces.captions[name]), draw)
        clean = self.store.picture(n).float()
        noise = torch.randn(clean.shape, generator=generator)
        t = torch.randn((), generator=generator).sigmoid()
        weights = token_weights(self.faces.label_map(n))
        return (
            clean,
            noise,
            regions.float(),
            t,
            weights,
            "" if draw.random() < recipe.drop_text else caption,
        )


def token_weights(label_map: np.ndarray) -> Tensor:
    """How much each token counts in the loss: its pixels' mean weight, brought to a mean of 1.

    label_map: uint8 (H, W). Returns float32 (N,).
    """
    pixels = _PIXEL_WEIGHTS[label_map]
    rows, columns = (side // PIXELS_PER_TOKEN for side in label_map.shape)
    squares = pixels.reshape(rows, PIXELS_PER_TOKEN, columns, PIXELS_PER_TOKEN)
    weights = torch.from_numpy(squares.mean(axis=(1, 3)).reshape(-1))
    return weights / weights.mean()


_PIXEL_WEIGHTS = np.array([REGION_WEIGHTS.get(region.name, 1) for region in REGIONS], np.float32)


class FlowTrainer:
    """Trains through the recipe's stages, one picture size after the other, and resumes.

    data: folders of faces, used together. folder: the run; its ``vae`` is used.
    start: the model to go on from; words that it lacks are added to its own. None = an untrained
    one.
    """

    def __init__(
        self,
        data: Sequence[Path],
        folder: Path,
        recipe: FlowRecipe,
        start: FaceMoGLEPipeline | None,
    ) -> None:
        self.data, self.folder, self.recipe = data, folder, recipe
        self.accelerator: Accelerator = make_accelerator(recipe.mixed_precision)
        torch.manual_seed(recipe.seed)
        precision = torch.bfloat16 if self.accelerator.mixed_precision == "bf16" else None
        self.vae: AutoencoderDC = AutoencoderDC.from_pretrained(folder / "vae", dtype=precision)
        # Where a part was loaded from would otherwise be stored in the pipeline's files.
        for part in (start.transformer, start.mogle) if start else ():
            part.register_to_config(_name_or_path="")
        self.vae.to(self.accelerator.device).requires_grad_(False)
        captions = [
            caption
            for path in data
            for several in FaceFolder(path, recipe.stages[-1].size).captions.values()
            for caption in several
        ]
        if start:
            encoders = start.text_encoder, start.text_encoder_2
            self.tokenizers = extend_vocabulary(
                start.tokenizer, start.tokenizer_2, *encoders, captions
            )
            model = FlowModel(start.transformer, start.mogle, *encoders).train()
        else:
            self.tokenizers = build_tokenizers(captions, recipe.text_length)
            model = FlowModel.untrained(recipe, *build_encoders(recipe, *self.tokenizers))
        if precision and self.accelerator.device.type == "cpu":
            # Twice as fast there as the fused kernel, of which the backward pass is slow.
            torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)
            model.transformer.set_attention_backend("_native_math")
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
        data = Joined([self._faces(path, stage) for path in self.data])
        loader = endless(
            data,
            stage.batch,
            self.recipe.seed,
            self.run.step,
            self.accelerator.process_index,
            self.accelerator.num_processes,
            collate_fn=self._collate,
        )
        # One place in the picture has the same position at every picture size.
        side = stage.size // 16
        scale = self.recipe.stages[-1].size / stage.size
        ids = position_ids((side, side)) * torch.tensor([1.0, scale, scale])
        ids = ids.to(self.accelerator.device)
        batches = (batch.to(self.accelerator.device) for batch in loader)

        def loss_of(batch: Batch) -> dict[str, Tensor]:
            # The same for all processes, and for a resumed run.
            draw = random.Random(f"{self.recipe.seed} {self.run.step}").random()
            conditioned = draw >= self.recipe.drop_mask
            return flow_loss(self.run.model, batch, ids, conditioned)

        self.run.train(batches, loss_of, until=end)

    def _faces(self, path: Path, stage: Stage) -> FlowData:
        faces = FaceFolder(path, stage.size, stage.faces)
        # By the whole path: data sets often have the same last name, such as train.
        name = f"{path.name}-{zlib.crc32(str(path.resolve()).encode()):08x}"
        folder = self.folder / f"latents_{stage.size}" / name
        return FlowData(LatentStore(faces, self.vae, folder), self.recipe)

    def _collate(self, rows: list[Row]) -> Batch:
        *tensors, captions = zip(*rows, strict=True)
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
        return Batch(*map(torch.stack, tensors), *ids)

    def _pipeline(self, model: FlowModel) -> FaceMoGLEPipeline:
        tokenizer, tokenizer_2 = self.tokenizers
        vae = AutoencoderDC.from_pretrained(self.folder / "vae")
        vae.register_to_config(_name_or_path="")  # the same here
        return FaceMoGLEPipeline(
            transformer=model.transformer,
            vae=vae,
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
    """Mean squared error of the velocity, weighted by region; the same unweighted; and that of the
    clean latents which the velocity predicts.
    """
    at = batch.t[:, None, None]
    x_t = (1 - at) * batch.clean + at * batch.noise
    velocity = model(batch, x_t, ids, conditioned).float()
    error = (velocity - (batch.noise - batch.clean)).square().mean(dim=2)  # (B, N)
    return {
        "loss": (error * batch.weights).mean(),
        "velocity_error": error.mean(),
        "clean_error": (error.mean(dim=1) * batch.t.square()).mean(),
    }


def train_flow(
    data: Sequence[Path], folder: Path, recipe: FlowRecipe, start: FaceMoGLEPipeline | None = None
) -> FaceMoGLEPipeline:
    """Train on the VAE in ``folder/vae``; the pipeline goes to ``folder/pipeline``.

    start: the model to go on from; None = an untrained one. The stored transformer is in half
    precision, to take less room.
    """
    trainer = FlowTrainer(data, folder, recipe, start)
    pipeline = trainer.train()
    if trainer.accelerator.is_main_process:
        pipeline.transformer.half()
        pipeline.save_pretrained(folder / "pipeline")
        pipeline.transformer.float()
    return pipeline
