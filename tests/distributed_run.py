"""Three steps of a small model's training, for `test_distributed`:
FACES TOKENIZERS OUT FACES_PER_PROCESS.

Started once per process, as by accelerate.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import CLIPTokenizer, T5Tokenizer

from facemogle.training import run
from facemogle.training.flow import FlowModel
from facemogle.training.recipe import FlowRecipe, ModelRecipe, Stage, VAERecipe
from facemogle.training.text import build_encoders
from facemogle.training.trainer import FlowTrainer
from facemogle.training.vae import build_vae


def train(faces: Path, tokenizers: Path, out: Path, batch: int) -> None:
    """The losses are in OUT/flow_run/log.jsonl, a line a step."""
    run.REPORT_EVERY = 1
    torch.manual_seed(0)
    # At 16 pixels a face is one token. A third of the steps go without a condition stream.
    recipe = FlowRecipe(stages=(Stage(16, batch, 3),), mixed_precision="no", drop_mask=0.34)
    shape = ModelRecipe(width=32, head_dim=32, double_blocks=1, single_blocks=1, lora_rank=2)
    pair = (
        CLIPTokenizer.from_pretrained(tokenizers / "clip"),
        T5Tokenizer.from_pretrained(tokenizers / "t5"),
    )
    model = FlowModel.untrained(shape, *build_encoders(shape, *pair))
    torch.nn.init.normal_(model.transformer.proj_out.weight)  # or only this layer would learn
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    accelerator = run.make_accelerator("no")
    vae = build_vae(VAERecipe())
    FlowTrainer(accelerator, model, [optimizer], pair, vae, [faces], out, recipe).train()


if __name__ == "__main__":
    faces, tokenizers, out = map(Path, sys.argv[1:4])
    train(faces, tokenizers, out, int(sys.argv[4]))
