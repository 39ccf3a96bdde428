"""Trains a flow model through a recipe's stages, on one process or several."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedTokenizerBase

from facemogle.faces.paper import open_faces
from facemogle.network.tokens import PIXELS_PER_TOKEN, VAE, position_ids
from facemogle.training.batches import Batch, FlowData, Row, square_of_tokens
from facemogle.training.clock import Length, Steps
from facemogle.training.data import Joined, endless
from facemogle.training.flow import FlowModel, flow_loss, guidance_term
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import FlowRecipe, Stage
from facemogle.training.run import Run


class FlowTrainer:
    """Trains through the recipe's stages, one image size after the other, and resumes.

    model: those of its parameters that require a gradient are trained, by the optimizers.
    tokenizers: CLIP's and T5's. vae: encodes images and masks, in its own precision.
    data: folders of faces, used together. folder: of the run. length: of all stages together,
    whose steps then are their shares of it; None = the stages' steps. latents: folder of the
    `LatentStore`; None = the run's.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: FlowModel,
        optimizers: list[Optimizer],
        tokenizers: tuple[PreTrainedTokenizerBase, PreTrainedTokenizerBase],
        vae: VAE,
        data: Sequence[str | Path],
        folder: Path,
        recipe: FlowRecipe,
        length: Length | None = None,
        latents: Path | None = None,
    ) -> None:
        self.accelerator, self.tokenizers = accelerator, tokenizers
        self.data, self.recipe, self.latents = data, recipe, latents or folder
        self.vae = vae.to(accelerator.device).requires_grad_(False)
        if accelerator.mixed_precision == "bf16" and accelerator.device.type == "cpu":
            # Twice as fast there as the fused kernel, of which the backward pass is slow.
            torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)
            model.transformer.set_attention_backend("_native_math")
        ends = list(accumulate(stage.steps for stage in recipe.stages))
        self.ends = [end / ends[-1] for end in ends]
        self.run = Run(
            accelerator,
            model,
            optimizers,
            folder / "flow_run",
            length or Steps(ends[-1]),
            recipe.ema_decay,
            recipe.max_gradient,
            recipe.decay_share,
        )

    def train(self) -> FlowModel:
        """The model with averaged weights."""
        for stage, end in zip(self.recipe.stages, self.ends, strict=True):
            if self.run.passed() < end:
                self._train_stage(stage, end)
        model = self.run.averaged()
        assert isinstance(model, FlowModel)
        # Not `reset_attention_backend`, which leaves the process's own choice as it was set.
        model.transformer.set_attention_backend("native")
        return model.cpu().eval()

    def _train_stage(self, stage: Stage, end: float) -> None:
        data = Joined([self._faces(folder, stage) for folder in self.data])
        self.accelerator.wait_for_everyone()
        loader = endless(
            data,
            stage.batch,
            self.recipe.seed,
            self.run.step,
            self.accelerator.process_index,
            self.accelerator.num_processes,
            self.recipe.workers,
            collate_fn=self._collate,
        )
        # One place in the image has the same position at every image size.
        side = stage.size // PIXELS_PER_TOKEN
        scale = self.recipe.stages[-1].size / stage.size
        ids = position_ids((side, side)) * torch.tensor([1.0, scale, scale])
        ids = ids.to(self.accelerator.device)
        batches = (batch.to(self.accelerator.device) for batch in loader)

        def loss_of(batch: Batch) -> dict[str, Tensor]:
            # The same for all processes, and for a resumed run.
            draw = random.Random(f"{self.recipe.seed} {self.run.step}")
            conditioned = draw.random() >= self.recipe.drop_mask
            positions = ids
            if draw.random() < self.recipe.cropped:
                tokens = square_of_tokens(side, draw).to(ids.device)
                batch, positions = batch.cropped(tokens), ids[tokens]
            return self.loss(batch, positions, conditioned, draw)

        self.run.train(batches, loss_of, until=end)

    def loss(
        self, batch: Batch, ids: Tensor, conditioned: bool, draw: random.Random
    ) -> dict[str, Tensor]:
        """Named losses of a batch, see `Run.train`; ids, conditioned: as for `FlowModel`.

        draw: what else is drawn at random for this step.
        """
        teacher, no_text = self.accelerator.unwrap_model(self.run.model), self.no_text(batch)

        def guide(x_t: Tensor) -> Tensor:
            return guidance_term(teacher, batch, x_t, ids, no_text, conditioned)

        return flow_loss(self.run.model, batch, ids, conditioned, guide, self.recipe.gate_weight)

    def no_text(self, batch: Batch) -> list[Tensor]:
        """Ids of as many empty prompts as the batch has, CLIP's and T5's."""
        return [ids.to(batch.t.device) for ids in self._tokenized([""] * len(batch.t))]

    def _faces(self, folder: str | Path, stage: Stage) -> FlowData:
        faces = open_faces(folder, stage.size, stage.faces)
        store = LatentStore(faces, self.vae, self.latents)
        data = FlowData(store, self.recipe)
        if self.recipe.workers:
            share = self.accelerator.process_index, self.accelerator.num_processes
            store.fill(data.kinds, self.recipe.workers, *share)
        return data

    def _collate(self, rows: list[Row]) -> Batch:
        *tensors, captions = zip(*rows, strict=True)
        return Batch(*map(torch.stack, tensors), *self._tokenized(captions))

    def _tokenized(self, captions: Sequence[str]) -> list[Tensor]:
        """CLIP's and T5's ids, (B, T) each."""
        return [
            tokenizer(
                list(captions),
                padding="max_length",
                max_length=tokenizer.model_max_length,
                truncation=True,
                return_tensors="pt",
            ).input_ids
            for tokenizer in self.tokenizers
        ]
